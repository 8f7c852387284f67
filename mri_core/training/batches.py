"""Cutting batches from the memory-mapped slices. Nothing is copied but the batch itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mri_core.augmentation import AUGMENTATIONS
from mri_core.images.prepare import with_channels
from mri_core.training.plan import Epoch


def training_batches(
    pixels: np.ndarray, truth: np.ndarray, epoch: Epoch, batch_size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of an epoch: slices (n, H, W, C) uint8 and their labels (n, labels) float32; the last may be smaller.

    pixels: (slices, H, W) or (slices, H, W, 3) uint8 of the whole data set. truth: (slices, labels).
    """
    for start in range(0, len(epoch), batch_size):
        rows = epoch.rows[start : start + batch_size]
        batch = pixels[rows]
        for column, augment in enumerate(AUGMENTATIONS.values()):
            flagged = epoch.applied[start : start + batch_size, column]
            if flagged.any():
                batch[flagged] = augment(batch[flagged])
        yield with_channels(batch), truth[rows].astype(np.float32)
