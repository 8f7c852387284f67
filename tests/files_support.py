"""Files as people have them: pictures, a DICOM series, zips."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pydicom
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid


def png(pixels: np.ndarray) -> bytes:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    return held.getvalue()


def series_files() -> list[tuple[str, bytes]]:
    """Five DICOM files of one series in a shuffled order; the name tells the place."""
    source = pydicom.dcmread(get_testdata_file("MR_small.dcm"))
    source.SeriesInstanceUID = generate_uid()
    files = []
    for place in (3, 0, 4, 1, 2):
        source.InstanceNumber, source.ImagePositionPatient = 9 - place, [0, 0, 2.5 * place]
        source.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        held = io.BytesIO()
        source.save_as(held)
        files.append((f"{place}.dcm", held.getvalue()))
    return files


def zipped(files: list[tuple[str, bytes]]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, data in files:
            archive.writestr(name, data)
    return held.getvalue()
