"""Augmentations: functions that turn slices into others a scanner could have made. One a module.

An augmentation takes (slices, H, W) or (slices, H, W, C) uint8 and returns the same shape and type. It is plain
NumPy, so the Augmentation page shows exactly what training uses. `AUGMENTATIONS` maps the name of each flip to its
function; `RANDOM_CHANGES` the name of a TrainingSpec's field to a function of (slices, the field's value, generator)
that changes each slice by chance, every time it is shown.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mri_core.augmentation.horizontal_flip import horizontal_flip
from mri_core.augmentation.intensity import intensity
from mri_core.augmentation.shift import shift
from mri_core.augmentation.vertical_flip import vertical_flip

AUGMENTATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "horizontal": horizontal_flip,
    "vertical": vertical_flip,
}

RANDOM_CHANGES: dict[str, Callable[[np.ndarray, float, np.random.Generator], np.ndarray]] = {
    "shift": shift,
    "intensity": intensity,
}
