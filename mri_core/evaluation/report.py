"""All that the report of a run on one split draws: the evaluation, and the curves of every label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mri_core.errors import InvalidInput
from mri_core.evaluation.curves import Curve, precision_recall, roc
from mri_core.evaluation.evaluation import Evaluation, evaluate
from mri_core.evaluation.predictions import Predictions


@dataclass(frozen=True, eq=False)
class Report:
    """precision_recall, roc: label -> its curve, None where it is undefined."""

    evaluation: Evaluation
    precision_recall: dict[str, Curve | None]
    roc: dict[str, Curve | None]


def make_report(predictions: Predictions, thresholds: Mapping[str, float]) -> Report:
    """Judge the predictions for one split. thresholds: label -> number in [0, 1].

    Raises InvalidInput when a label has no threshold.
    """
    names = predictions.label_names
    missing = [name for name in names if name not in thresholds]
    if missing:
        raise InvalidInput(f"the model has no threshold for {', '.join(missing)}; train the run again")
    columns = list(zip(names, predictions.truth.T, predictions.probabilities.T, strict=True))
    return Report(
        evaluation=evaluate(predictions.truth, predictions.probabilities, names, [thresholds[name] for name in names]),
        precision_recall={name: precision_recall(truth, values) for name, truth, values in columns},
        roc={name: roc(truth, values) for name, truth, values in columns},
    )
