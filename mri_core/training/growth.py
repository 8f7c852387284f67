"""What the training set grows to with each choice of flips: counted from the plan of an epoch, not worked out again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from mri_core.datasets.dataset import Dataset
from mri_core.training.plan import plan_epoch
from mri_core.training.spec import TrainingSpec


@dataclass(frozen=True)
class Growth:
    """Slices shown in an epoch when the flips are appended to all slices, or only to those that carry a label."""

    flips: str
    all_slices: int
    only_labelled: int


def training_set_growth(dataset: Dataset) -> list[Growth]:
    """One row for each choice of flips a TrainingSpec takes, in its order."""
    rows = dataset.rows("train")
    labelled = dataset.truth[rows].any(axis=1)

    def length(flips: str, only_labelled: bool) -> int:
        spec = TrainingSpec.model_validate({"flips": flips, "flip_mode": "append", "only_labelled": only_labelled})
        return len(plan_epoch(rows, labelled, spec, epoch=1))

    choices = get_args(TrainingSpec.model_fields["flips"].annotation)
    return [Growth(flips, length(flips, False), length(flips, True)) for flips in choices]
