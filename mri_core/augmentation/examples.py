"""What each augmentation makes of a slice, to look at."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mri_core.augmentation import AUGMENTATIONS, RANDOM_CHANGES


def examples(original: np.ndarray, amounts: Mapping[str, float], seed: int = 0) -> dict[str, np.ndarray]:
    """Every flip of a slice, and one random change of each kind; name -> (1, H, W) or (1, H, W, C) uint8.

    original: (1, H, W) or (1, H, W, C). amounts: how much of each of RANDOM_CHANGES; one of 0 is left out.
    """
    flips = {f"{name} flip": flip(original) for name, flip in AUGMENTATIONS.items()}
    random = np.random.default_rng(seed)
    changes = {name: RANDOM_CHANGES[name](original, amount, random) for name, amount in amounts.items() if amount}
    return flips | changes
