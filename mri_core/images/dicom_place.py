"""Where the frames of a DICOM file lie, and what describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mri_core.images.dicom_window import find, first_number

if TYPE_CHECKING:
    from pydicom import Dataset


def described(dataset: Dataset, frame: int) -> list[Dataset]:
    """What describes a frame, most particular first: its own functional groups, the shared ones, the whole file."""
    own = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    groups = [*own[frame : frame + 1], *shared[:1]]
    return [*(item.value[0] for group in groups for item in group if item.VR == "SQ" and item.value), dataset]


def position(dataset: Dataset, frame: int, count: int) -> float | None:
    """The frame's position along the slice normal in mm, else SliceLocation, else InstanceNumber, or None.

    count: frames of the file; where there are several and none has a position of its own, its number from 1.
    """
    groups = described(dataset, frame)
    if count > 1:
        groups = groups[:-1]  # what the file says as a whole places no single frame
    place, axes = (find(groups, keyword) for keyword in ("ImagePositionPatient", "ImageOrientationPatient"))
    if place is not None and axes is not None and len(place) == 3 and len(axes) == 6:
        axes = np.asarray(axes, float)
        along = first_number(np.cross(axes[:3], axes[3:]) @ np.asarray(place, float))
        if along is not None:
            return along
    if count > 1:
        return float(frame + 1)
    location = first_number(dataset.get("SliceLocation"))
    return location if location is not None else first_number(dataset.get("InstanceNumber"))
