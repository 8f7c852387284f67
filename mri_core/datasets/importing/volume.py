"""NIfTI volumes before they are cut: how many slices there are, and what a mask covers in each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mri_core.errors import ImageError
from mri_core.images.limits import check_bytes, refuse
from mri_core.images.nifti import Volume, cut, open_volume, slice_count
from mri_core.images.preprocessing import Axis

_MOST_VALUES = 64  # different values up to which whole numbers are labels; beyond, a mask is a map of probabilities


def count_slices(path: Path, axis: Axis) -> int:
    """Slices of a volume across an axis. Raises ImageError."""
    return slice_count(open_volume(_bytes(path), path.name), axis)


def mask_areas(path: Path, axis: Axis) -> dict[int, np.ndarray]:
    """Value of a mask, other than 0 -> pixels it covers in each slice, (slices,) int.

    A map of probabilities, which holds many values or fractions, counts as the value 1 where it is above half of its
    highest value. Raises ImageError.
    """
    volume = open_volume(_bytes(path), path.name)
    values, whole = _values(volume)
    half = values[-1] / 2
    codes = np.empty(volume.stored, np.uint8, order="F")
    for place, voxels in volume.parts():
        codes[..., place] = np.searchsorted(values, voxels) if whole else voxels > half
    names = [int(value) for value in values] if whole else [0, 1]
    slices = cut(volume.canonical(codes), axis)
    areas = np.array([np.bincount(one.ravel(), minlength=len(names)) for one in slices])
    return {name: areas[:, code] for code, name in enumerate(names) if name != 0}


def _values(volume: Volume) -> tuple[np.ndarray, bool]:
    """The values of a mask, ascending, and whether they are labels; else its highest value is all there is to know."""
    values = np.empty(0)
    labels = True
    for _, voxels in volume.parts():
        found = np.unique(voxels)
        if not np.isfinite(found).all():
            raise refuse(volume.name, "its voxels are not all numbers", "a mask of whole numbers, or of probabilities")
        values = np.union1d(values, found)
        if labels := labels and len(values) <= _MOST_VALUES and bool((values == np.rint(values)).all()):
            continue
        values = values[-1:]
    return values, labels


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe would be waited for
            raise refuse(path.name, "there is no such file", "a NIfTI volume")
        check_bytes(path.name, path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path.name}: it cannot be opened ({error.strerror}); expected a NIfTI volume") from error
