"""Cutting batches from the memory-mapped slices. Nothing is copied but the batch itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mri_core.augmentation import AUGMENTATIONS, RANDOM_CHANGES
from mri_core.datasets.gather import gather, read_ahead
from mri_core.images.prepare import with_channels
from mri_core.training.plan import Epoch
from mri_core.training.spec import TrainingSpec

_AHEAD = 8
"""Batches that are asked for before they are needed: more than a step's time of reading from a disk."""


def training_batches(
    pixels: np.ndarray, truth: np.ndarray, epoch: Epoch, spec: TrainingSpec, first: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of an epoch: slices (n, H, W, C) uint8 and their labels (n, labels) float32; the last may be smaller.

    pixels: (slices, H, W) or (slices, H, W, 3) uint8 of the whole data set. truth: (slices, labels).
    first: the batch to begin with, counted from 0.
    """
    read_ahead(pixels, epoch.rows[first * spec.batch_size :][: _AHEAD * spec.batch_size])
    changes = {name: amount for name in RANDOM_CHANGES if (amount := getattr(spec, name))}
    for number in range(first, -(-len(epoch) // spec.batch_size)):
        start = number * spec.batch_size
        rows = epoch.rows[start : start + spec.batch_size]
        batch = gather(pixels, rows)
        read_ahead(pixels, epoch.rows[start + _AHEAD * spec.batch_size :][: spec.batch_size])
        for column, augment in enumerate(AUGMENTATIONS.values()):
            flagged = epoch.applied[start : start + spec.batch_size, column]
            if flagged.any():
                batch[flagged] = augment(batch[flagged])
        if changes:
            random = np.random.default_rng([*epoch.key, number])
            for name, amount in changes.items():
                batch = RANDOM_CHANGES[name](batch, amount, random)
        yield with_channels(batch), truth[rows].astype(np.float32)
