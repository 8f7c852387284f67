"""What the tests of suspected label errors share: the runs of a cross-validation, as trainings would have left them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ended_runs import add_run
from scipy.special import expit

from mri_core.datasets.dataset import Dataset
from mri_core.evaluation.predictions import LEFT_OUT, Predictions, save_predictions
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.training.parts import learnt_and_left_out

Planted = dict[int, int]
"""Index row -> the place of the label that is wrong there."""

SETTINGS = {"learning_rate": 0.002}
"""Sets the runs of `add_judges` apart from the trained one."""


def planted_in(dataset: Dataset, seed: int = 0) -> Planted:
    """Five slices of every split."""
    random = np.random.default_rng(seed)
    rows = np.concatenate([random.permutation(dataset.rows(split))[:5] for split in ("train", "validation", "test")])
    return {int(row): place % len(dataset.label_names) for place, row in enumerate(rows)}


def said_of(dataset: Dataset, planted: Planted, seed: int = 0) -> np.ndarray:
    """(slices, labels): probabilities that agree with the given labels, but where one of them is wrong.

    As with real networks, a quarter of them is less sure; not those of a wrong label, which could not be found there.
    """
    random = np.random.default_rng(seed)
    right = dataset.truth.astype(bool)
    surely = np.where(random.random(right.shape) < 0.25, 1.5, 6.0)
    for row, column in planted.items():
        right[row, column] ^= True
        surely[row, column] = 6.0
    return expit(np.where(right, surely, -surely) + random.normal(size=right.shape))


def add_judges(store: RunStore, like: str, dataset: Dataset, planted: Planted, parts: Sequence[int]) -> list[Run]:
    """One ended run for each part (0: nothing is left out), whose networks know which labels are wrong."""
    ids = dataset.columns("id")["id"].to_numpy(dtype=str)
    runs = []
    for part in parts:
        run = add_run(store, like, left_out=part, **SETTINGS)
        said = said_of(dataset, planted, seed=part)
        rows = {split: dataset.rows(split) for split in ("validation", "test")}
        rows[LEFT_OUT] = learnt_and_left_out(dataset, run.spec)[1]
        splits = {
            split: Predictions(ids[found], dataset.truth[found], said[found], dataset.label_names)
            for split, found in rows.items()
            if len(found)
        }
        save_predictions(run.folder, splits)
        runs.append(run)
    return runs
