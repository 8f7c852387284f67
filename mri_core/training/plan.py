"""What an epoch shows: which slices, in which order, augmented how. NumPy only, so that a page can show it too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mri_core.augmentation import AUGMENTATIONS
from mri_core.training.spec import TrainingSpec


@dataclass(frozen=True)
class Epoch:
    """The slices of an epoch in the order they are shown.

    rows: (n,) int, positions in the data set's index.
    applied: (n, augmentations) bool, which of AUGMENTATIONS each showing goes through.
    key: (seed, epoch), from which all that is random in the epoch follows.
    """

    rows: np.ndarray
    applied: np.ndarray
    key: tuple[int, int]

    def __len__(self) -> int:
        return len(self.rows)


def chosen_augmentations(spec: TrainingSpec) -> tuple[str, ...]:
    """Names of the augmentations a specification asks for."""
    return tuple(AUGMENTATIONS) if spec.flips == "both" else tuple(name for name in AUGMENTATIONS if name == spec.flips)


def plan_epoch(rows: np.ndarray, labelled: np.ndarray, spec: TrainingSpec, epoch: int) -> Epoch:
    """Plan one epoch. The outcome depends on (spec, epoch) alone, so a resumed run sees what an undisturbed one would.

    rows: (n,) training slices. labelled: (n,) bool, whether each carries a label.
    Appending adds one copy of the slices for each flip: one flip doubles the set and both make it three times as large.
    """
    key = (spec.seed, epoch)
    random = np.random.default_rng(key)
    eligible = labelled if spec.only_labelled else np.ones(len(rows), dtype=bool)
    chosen = [list(AUGMENTATIONS).index(name) for name in chosen_augmentations(spec)]
    applied = np.zeros((len(rows), len(AUGMENTATIONS)), dtype=bool)
    if spec.flip_mode == "random":
        for column in chosen:
            applied[:, column] = eligible & (random.random(len(rows)) < 0.5)
        return _shuffled(rows, applied, random, key)
    copies_rows, copies_applied = [rows], [applied]
    for column in chosen:
        copy = np.zeros((int(eligible.sum()), len(AUGMENTATIONS)), dtype=bool)
        copy[:, column] = True
        copies_rows.append(rows[eligible])
        copies_applied.append(copy)
    return _shuffled(np.concatenate(copies_rows), np.concatenate(copies_applied), random, key)


def _shuffled(rows: np.ndarray, applied: np.ndarray, random: np.random.Generator, key: tuple[int, int]) -> Epoch:
    order = random.permutation(len(rows))
    return Epoch(rows[order], applied[order], key)
