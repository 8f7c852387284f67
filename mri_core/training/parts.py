"""Cross-validation: which training slices a run learns from, and which it leaves out to judge them afterwards."""

from __future__ import annotations

import numpy as np

from mri_core.datasets.dataset import Dataset
from mri_core.datasets.split import stratified_parts
from mri_core.errors import InvalidInput
from mri_core.training.spec import PARTS, TrainingSpec


def learnt_and_left_out(dataset: Dataset, spec: TrainingSpec) -> tuple[np.ndarray, np.ndarray]:
    """Index rows of the training slices that are learnt from, and of those that are left out, each (n,) ascending.

    The parts follow from the seed alone: patients stay whole, and label sets are spread alike.
    Raises InvalidInput when there are fewer patients than parts.
    """
    rows = dataset.rows("train")
    if not spec.left_out:
        return rows, rows[:0]
    patients = dataset.columns("patient")["patient"].to_numpy(dtype=object)[rows]
    try:
        out = stratified_parts(dataset.truth[rows], patients, PARTS, spec.seed) == spec.left_out - 1
    except InvalidInput as error:
        raise InvalidInput(
            f"data set '{dataset.name}' has too few training patients to leave out one of {PARTS} parts; "
            f"expected {PARTS} or more: train with left_out 0"
        ) from error
    return rows[~out], rows[out]
