"""A slice: what every reader yields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Slice:
    """One two-dimensional image.

    pixels: (H, W) grey or (H, W, 3) colour, uint8, 0-255.
    source: the file's name, with the slice's number where the file holds several.
    patient: an identifier of the patient, or None when the file does not say.
    position: the slice's place along the axis it was cut on, in mm (or its index where no spacing is known), or None.
    series: an identifier of the series (DICOM) that the slice belongs to, or None; files with the same one are slices
    of one acquisition, in the order of `position` and then of `instance`.
    instance: the file's number in its series, or None.
    burned_in: whether the file says that its pixels hold text, which may name the patient.
    """

    pixels: np.ndarray
    source: str
    patient: str | None = None
    position: float | None = None
    series: str | None = None
    instance: int | None = None
    burned_in: bool = False
