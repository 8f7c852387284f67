"""NumPy arrays (.npy, and .npz, which is a zip of them); never pickled objects."""

from __future__ import annotations

import io
import math
import tokenize
from collections.abc import Iterator

import numpy as np

from mri_core.images.archive import unpack
from mri_core.images.limits import LIMITS, check_size, refuse, refusing, source_names
from mri_core.images.prepare import scaled_to_uint8, window_of
from mri_core.images.preprocessing import STANDARD, Preprocessing
from mri_core.images.slice import Slice

EXPECTED = "a complete array of real numbers in NumPy's format"
SHAPES = "(height, width) or (slices, height, width), with 3 behind for colour"
_PART = 2**18  # values that are floating at a time


def read_npy(data: bytes, name: str, preprocessing: Preprocessing = STANDARD) -> list[Slice]:
    """The slices of an array: (H, W), (slices, H, W), or either with an axis of 3 behind, which is RGB, or of 1.

    uint8 stays as it is, and of booleans true is white; anything else goes through one percentile window for the whole
    array. `position` is the slice's number from 1, or None for a single one. Raises ImageError.
    """
    array = _array(data, name)
    if array is None:
        raise refuse(name, "its header declares no more than one axis, or something else than numbers", EXPECTED)
    return _slices(array, name, "", preprocessing)


def read_npz(data: bytes, name: str, preprocessing: Preprocessing = STANDARD) -> list[Slice]:
    """The slices of all arrays in a zip, each as `read_npy` reads it.

    Arrays that cannot be images, of one axis or of other things than numbers, are left out. Raises ImageError.
    """
    found: list[tuple[str, list[Slice]]] = []
    for path, contents in unpack(data, name, EXPECTED):
        if not path.endswith(".npy"):
            raise refuse(name, f"{path} in it is no array", "a zip of arrays alone, or of files alone")
        array = _array(contents, name)
        if array is not None:
            title = path.removesuffix(".npy")
            found.append((title, _slices(array, name, f", {title}", preprocessing)))
            slices = [one for _, more in found for one in more]
            if len(slices) > LIMITS.slices:
                raise refuse(name, f"its arrays hold {len(slices):,} slices", LIMITS.most("slices"))
            if (pixels := sum(math.prod(one.pixels.shape[:2]) for one in slices)) > LIMITS.file_pixels:
                raise refuse(name, f"its arrays hold {pixels:,} pixels", LIMITS.most("file_pixels"))
    if not found:
        raise refuse(name, "none of its arrays holds numbers along two axes or more", EXPECTED)
    return [one for _, more in found for one in more]


def _array(data: bytes, name: str) -> np.ndarray | None:
    """The array, as a view of the bytes, once its header agrees with them; None for what is no image by its kind."""
    stream = io.BytesIO(data)
    with refusing(name, "its header is damaged", EXPECTED, also=(tokenize.TokenError,)):
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, by_columns, dtype = read[np.lib.format.read_magic(stream)](stream)
        promised = stream.tell() + math.prod(shape) * dtype.itemsize
    if dtype.kind not in "biuf" or len(shape) < 2:
        return None
    if min(shape) < 1:
        raise refuse(name, f"its header declares the shape {shape}", "at least one of each")
    if promised > len(data):
        raise refuse(name, f"its header promises {promised:,} bytes and there are {len(data):,}", EXPECTED)
    with refusing(name, "its values cannot be read", EXPECTED):
        flat = np.frombuffer(data, dtype, math.prod(shape), stream.tell())
        return flat.reshape(shape, order="F" if by_columns else "C")


def _slices(array: np.ndarray, name: str, title: str, preprocessing: Preprocessing) -> list[Slice]:
    array = _stacked(array, name)
    count, height, width = array.shape[:3]
    check_size(name, width, height, count)
    pixels = _pixels(array, preprocessing)
    positions = [None] if count == 1 else [float(number) for number in range(1, count + 1)]
    return [
        Slice(one, source, None, position)
        for one, source, position in zip(pixels, source_names(name, count, title), positions, strict=True)
    ]


def _stacked(array: np.ndarray, name: str) -> np.ndarray:
    """(slices, H, W) or (slices, H, W, 3)."""
    shape = array.shape
    if len(shape) > 2 and shape[-1] == 1:
        array = array[..., 0]
    colour = array.ndim > 2 and array.shape[-1] == 3
    if array.ndim - colour not in (2, 3) or (array.ndim > 2 and array.shape[-1] in (2, 4)):
        raise refuse(name, f"its header declares the shape {shape}", SHAPES)
    return array[None] if array.ndim - colour == 2 else array


def _pixels(array: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array * np.uint8(255)
    step = max(1, _PART // math.prod(array.shape[1:]))

    def parts() -> Iterator[np.ndarray]:
        return (array[start : start + step] for start in range(0, len(array), step))

    low, high = window_of(parts, preprocessing)
    return np.concatenate([scaled_to_uint8(part, low, high) for part in parts()])
