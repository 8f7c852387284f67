"""Augmentations: functions that turn slices into others a scanner could have made. One a module.

An augmentation takes (slices, H, W) or (slices, H, W, C) uint8 and returns the same shape and type. It is plain
NumPy, so the Augmentation page shows exactly what training uses. `AUGMENTATIONS` maps the name of each to its
function.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mri_core.augmentation.horizontal_flip import horizontal_flip
from mri_core.augmentation.vertical_flip import vertical_flip

AUGMENTATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "horizontal": horizontal_flip,
    "vertical": vertical_flip,
}
