"""What DICOM files say of themselves beside their pixels. The patient's identifier goes no further than a plan."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mri_core.images.limits import refuse, refusing

_TAGS = [
    *("SeriesInstanceUID", "PatientID", "InstanceNumber", "NumberOfFrames"),
    *("ImagePositionPatient", "ImageOrientationPatient"),
]


@dataclass(frozen=True)
class DicomHeader:
    """series, patient: as the file has them, "" where it has none. order: sorts the files of a series by position."""

    series: str
    patient: str
    frames: int
    order: tuple[float, float]


def is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def read_header(path: Path) -> DicomHeader:
    """Raises ImageError for a file that is not DICOM or damaged."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    expected = "a complete DICOM image"
    if not is_dicom(path):
        raise refuse(path.name, "it has no 'DICM' at byte 128", expected)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's warnings quote values
        with refusing(path.name, "its header is damaged or cut short", expected, also=(InvalidDicomError,)):
            found = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
            return DicomHeader(
                str(found.get("SeriesInstanceUID") or ""),
                str(found.get("PatientID") or "").strip(),
                int(found.get("NumberOfFrames") or 1),
                (_along(found), float(found.get("InstanceNumber") or 0)),
            )


def _along(found: Any) -> float:
    """The position along the slice normal in mm, 0 where the file does not say."""
    place, axes = found.get("ImagePositionPatient"), found.get("ImageOrientationPatient")
    if not place or not axes or len(place) != 3 or len(axes) != 6:
        return 0.0
    directions = np.asarray(axes, float)
    along = float(np.cross(directions[:3], directions[3:]) @ np.asarray(place, float))
    return along if np.isfinite(along) else 0.0
