"""What DICOM files say of themselves beside their pixels. The patient's identifier goes no further than a plan."""

from __future__ import annotations

import warnings
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mri_core.datasets.importing.texts import Texts
from mri_core.images.limits import refuse, refusing

_TAGS = [
    *("SOPInstanceUID", "SeriesInstanceUID", "PatientID", "InstanceNumber", "NumberOfFrames"),
    *("ImagePositionPatient", "ImageOrientationPatient"),
]


@dataclass(frozen=True)
class DicomHeader:
    """instance, series, patient: as the file has them, "" where it has none. along: position along the slice normal in
    mm. number: InstanceNumber; both are 0 where the file does not say."""

    instance: str
    series: str
    patient: str
    frames: int
    along: float
    number: int


class Headers:
    """The headers of many files, in columns. The lists of numbers have one for each file, in the order of `files`."""

    def __init__(self) -> None:
        self.files, self.instances = Texts(), Texts()
        self.series: dict[str, int] = {}
        self.patients: dict[str, int] = {}
        self.series_of, self.patient_of, self.frames = array("q"), array("q"), array("q")
        self._along, self.numbers = array("d"), array("q")

    def add(self, file: str, header: DicomHeader) -> None:
        self.files.append(file)
        self.instances.append(header.instance)
        self.series_of.append(self.series.setdefault(header.series, len(self.series)))
        self.patient_of.append(self.patients.setdefault(header.patient, len(self.patients)))
        self.frames.append(header.frames)
        self._along.append(header.along)
        self.numbers.append(header.number)

    def in_order(self) -> np.ndarray:
        """Places of the files by series, position, InstanceNumber and name, (files,) int."""
        rank = np.empty(len(self.series), int)
        rank[[self.series[name] for name in sorted(self.series)]] = np.arange(len(rank))
        # lexsort's last key decides first, and what is equal stays in the order of the names.
        return np.lexsort((self.numbers, self._along, rank[np.array(self.series_of, int)]))


def is_dicom(path: Path) -> bool:
    try:
        if not path.is_file():  # a pipe would be waited for
            return False
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
                str(found.get("SOPInstanceUID") or ""),
                str(found.get("SeriesInstanceUID") or ""),
                str(found.get("PatientID") or "").strip(),
                int(found.get("NumberOfFrames") or 1),
                _along(found),
                int(found.get("InstanceNumber") or 0),
            )


def _along(found: Any) -> float:
    """The position along the slice normal in mm, 0 where the file does not say."""
    place, axes = found.get("ImagePositionPatient"), found.get("ImageOrientationPatient")
    if not place or not axes or len(place) != 3 or len(axes) != 6:
        return 0.0
    directions = np.asarray(axes, float)
    along = float(np.cross(directions[:3], directions[3:]) @ np.asarray(place, float))
    return along if np.isfinite(along) else 0.0
