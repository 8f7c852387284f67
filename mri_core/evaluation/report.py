"""All that the report of a run on one split draws: the judgement, and the curves of every label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mri_core.errors import InvalidInput
from mri_core.evaluation.curves import Curve, precision_recall, roc
from mri_core.evaluation.evaluation import Evaluation
from mri_core.evaluation.judgement import Judgement, judge
from mri_core.evaluation.predictions import Predictions


@dataclass(frozen=True, eq=False)
class Report:
    """precision_recall, roc: label -> its curve, None where it is undefined."""

    judgement: Judgement
    precision_recall: dict[str, Curve | None]
    roc: dict[str, Curve | None]

    @property
    def evaluation(self) -> Evaluation:
        """The scores over all slices."""
        return self.judgement.slices.evaluation


def make_report(
    predictions: Predictions,
    thresholds: Mapping[str, float],
    patients: np.ndarray | None = None,
    train_prevalence: np.ndarray | None = None,
) -> Report:
    """Judge the predictions for one split. thresholds: label -> number in [0, 1].

    patients: (slices,), None when unknown. train_prevalence: (labels,), None when the training slices are gone.
    Raises InvalidInput when a label has no threshold.
    """
    names = predictions.label_names
    missing = [name for name in names if name not in thresholds]
    if missing:
        raise InvalidInput(f"the model has no threshold for {', '.join(missing)}; train the run again")
    columns = list(zip(names, predictions.truth.T, predictions.probabilities.T, strict=True))
    return Report(
        judgement=judge(
            predictions.truth,
            predictions.probabilities,
            patients,
            names,
            [thresholds[name] for name in names],
            train_prevalence,
        ),
        precision_recall={name: precision_recall(truth, values) for name, truth, values in columns},
        roc={name: roc(truth, values) for name, truth, values in columns},
    )
