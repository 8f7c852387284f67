"""The slice a prediction was made of, at its own size and through a window of the reader's choice: for looking only.

What the model saw is in the prediction and stays what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mri_core.errors import InvalidInput
from mri_core.images.prepare import to_uint8
from mri_core.images.preprocessing import Preprocessing
from mri_core.images.slice import Slice


@dataclass(frozen=True)
class Origin:
    """Where a predicted slice comes from. data: the contents of the file `name`. number: of the slice in it, from 0."""

    name: str
    data: bytes
    number: int = 0


Read = Callable[[bytes, str, Preprocessing], Sequence[Slice]]
"""`images.apart.read_apart`, or what keeps its answers."""
_WIDEST, _USUAL = (0.0, 100.0), (0.5, 99.5)


def as_the_model_reads(origin: Origin, preprocessing: Preprocessing, read: Read) -> Slice:
    """The slice before it is scaled for a model of this preprocessing. Raises ImageError."""
    return read(origin.data, origin.name, preprocessing)[origin.number]


def between_percentiles(
    origin: Origin, preprocessing: Preprocessing, low: float, high: float, read: Read
) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8: the slice with two percentiles of its file's own intensities as 0 and 255.

    preprocessing: says how volumes are cut. low, high: from 0 to 100.
    Readers put what has more than 8 bits through such a window, over the whole file as it is stored, and leave pictures
    of 8 bits as they are: those are the files in which two windows change nothing. They are stretched here, between
    percentiles of the slice. Raises ImageError, and InvalidInput unless low is less than high.
    """
    if low >= high:
        raise InvalidInput(f"the percentiles are {low:g} and {high:g}; expected the first to be lower")
    chosen = _between(origin, preprocessing, (low, high), read)
    other = _WIDEST if (low, high) != _WIDEST else _USUAL
    # The model's reading is at hand mostly, and answers for files of more bits, which are the slow ones to read.
    untouched = _same(chosen, read(origin.data, origin.name, preprocessing)) and _same(
        chosen, _between(origin, preprocessing, other, read)
    )
    pixels = chosen[origin.number].pixels
    return to_uint8(pixels, low, high) if untouched else pixels


def _between(
    origin: Origin, preprocessing: Preprocessing, percentiles: tuple[float, float], read: Read
) -> Sequence[Slice]:
    low, high = percentiles
    window = Preprocessing(window="percentile", low=low, high=high, axis=preprocessing.axis)
    return read(origin.data, origin.name, window)


def _same(first: Sequence[Slice], second: Sequence[Slice]) -> bool:
    return all(np.array_equal(a.pixels, b.pixels) for a, b in zip(first, second, strict=True))
