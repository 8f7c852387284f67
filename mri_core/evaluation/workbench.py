"""One label's slices, ready to be asked what any threshold would come to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mri_core.errors import NotFound
from mri_core.evaluation.confusion import Confusion, ConfusionAt
from mri_core.evaluation.curves import Curve, precision_recall, roc
from mri_core.evaluation.predictions import Predictions
from mri_core.evaluation.thresholds import operating_point


@dataclass(frozen=True, eq=False)
class Workbench:
    """label: of which the rest is. precision_recall, roc: its curves, None where they are undefined."""

    label: str
    confusion_at: ConfusionAt
    precision_recall: Curve | None
    roc: Curve | None

    @property
    def slices(self) -> int:
        return len(self.confusion_at.positives) + len(self.confusion_at.negatives)

    @property
    def support(self) -> int:
        """Slices that carry the label."""
        return len(self.confusion_at.positives)

    def thresholds(self, most: int) -> np.ndarray:
        """Thresholds that make a difference, ascending, (n,) with n at most `most`, spread evenly over the slices."""
        every = self.confusion_at.candidates()
        return every[np.linspace(0, len(every) - 1, min(most, len(every))).round().astype(int)]


def make_workbench(predictions: Predictions, label: str) -> Workbench:
    """Prepare one label of a split. predictions: as the model gives them now, calibrated where it is.

    Raises NotFound when there is no such label, InvalidInput when the predictions are damaged.
    """
    if label not in predictions.label_names:
        raise NotFound(f"there is no label '{label}'; there are {', '.join(predictions.label_names)}")
    column = predictions.label_names.index(label)
    truth, probabilities = predictions.truth[:, column], predictions.probabilities[:, column]
    return Workbench(
        label=label,
        confusion_at=ConfusionAt.of(truth, probabilities),
        precision_recall=precision_recall(truth, probabilities),
        roc=roc(truth, probabilities),
    )


def operating_json(at: Confusion) -> dict[str, Any]:
    """The counts and scores at one threshold, for counts that are single numbers; undefined scores are None."""
    return {name: int(number) for name, number in vars(at).items()} | asdict(operating_point(at))
