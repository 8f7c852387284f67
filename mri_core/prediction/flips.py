"""How far a model's answer moves when the slice is flipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from mri_core.augmentation import AUGMENTATIONS

Outputs = Callable[[np.ndarray], np.ndarray]
"""From (n, H, W) or (n, H, W, 3) slices to what a model gives for them, (n, labels) in [0, 1]."""


def flipped_outputs(slices: np.ndarray, flips: Iterable[str], outputs: Outputs) -> np.ndarray:
    """(flips, n, labels) what a model gives for slices (n, H, W) or (n, H, W, 3) under each of at least one flip."""
    return np.stack([outputs(AUGMENTATIONS[name](slices)) for name in flips])


def movements(given: np.ndarray, flipped: np.ndarray) -> np.ndarray:
    """(n,) the farthest that an output moves under any flip. given: (n, labels), flipped: (flips, n, labels)."""
    return np.abs(flipped - given).max(axis=(0, 2))
