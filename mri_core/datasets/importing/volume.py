"""NIfTI volumes before they are cut: how many slices there are, and what a mask covers in each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mri_core.errors import ImageError
from mri_core.images.limits import MAX_FILE_BYTES, refuse
from mri_core.images.nifti import cut, read_volume
from mri_core.images.preprocessing import Axis

_MOST_VALUES = 64  # different values up to which whole numbers are labels; beyond, a mask is a map of probabilities


def slice_count(path: Path, axis: Axis) -> int:
    """Slices of a volume across an axis. Raises ImageError."""
    volume, _, _ = read_volume(_bytes(path), path.name)
    return len(cut(volume, axis))


def mask_areas(path: Path, axis: Axis) -> dict[int, np.ndarray]:
    """Value of a mask, other than 0 -> pixels it covers in each slice, (slices,) int.

    A map of probabilities, which holds many values or fractions, counts as the value 1 where it is above half of its
    highest value. Raises ImageError.
    """
    volume, _, _ = read_volume(_bytes(path), path.name)
    if not np.isfinite(volume).all():
        raise refuse(path.name, "its voxels are not all numbers", "a mask of whole numbers, or of probabilities")
    values = np.unique(volume)
    if len(values) > _MOST_VALUES or not (values == np.rint(values)).all():
        volume, values = volume > values.max() / 2, np.array([0, 1])
    slices = np.stack(cut(volume, axis))
    return {int(value): (slices == value).sum(axis=(1, 2)) for value in values if value != 0}


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise refuse(path.name, "the file is too large", f"at most {MAX_FILE_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path.name}: it cannot be opened ({error.strerror}); expected a NIfTI volume") from error
