"""Intensities to uint8, and slices to the shape a model takes: the same for importing and for predicting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mri_core.errors import InvalidInput
from mri_core.images.percentiles import Parts, percentiles
from mri_core.images.preprocessing import STANDARD, Preprocessing, Resampling
from mri_core.images.slice import Slice


def to_uint8(values: np.ndarray, low: float = 0.5, high: float = 99.5) -> np.ndarray:
    """Map intensities of any real type and any shape to 0-255.

    The `low` percentile of the finite values becomes 0 and the `high` one 255, linear and rounded between, cut off
    outside: a few extreme voxels do not darken the rest. Where the two percentiles agree (more than 99% background)
    smallest and largest value take their place; a constant image becomes 0. NaN and -inf become 0, +inf 255.
    """
    values = np.asarray(values)
    known = np.isfinite(values)
    finite = values if known.all() else values[known]
    if not finite.size:
        return np.zeros(values.shape, np.uint8)
    with np.errstate(over="ignore", invalid="ignore"):
        darkest, brightest = np.percentile(finite, (low, high))
        if darkest == brightest:
            darkest, brightest = float(finite.min()), float(finite.max())
    return scaled_to_uint8(values, darkest, brightest)


def window_of(parts: Parts, preprocessing: Preprocessing) -> tuple[float, float]:
    """The values that become 0 and 255, as `to_uint8` finds them, of more values than should be in memory at once."""
    least, low, high, most = percentiles(parts, (0, preprocessing.low, preprocessing.high, 100)) or [0.0] * 4
    return (least, most) if low == high else (low, high)


def scaled_to_uint8(values: np.ndarray, darkest: float, brightest: float) -> np.ndarray:
    """Map real values to 0-255 between two of them, as `to_uint8` does with the percentiles that it finds."""
    if darkest == brightest:
        return np.zeros(values.shape, np.uint8)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = values.astype(np.result_type(values.dtype, np.float32))
        scaled -= darkest
        scaled *= 255 / (brightest - darkest)
    np.nan_to_num(scaled, copy=False, nan=0, posinf=255, neginf=0)
    return np.rint(np.clip(scaled, 0, 255, out=scaled), out=scaled).astype(np.uint8)


def prepare(
    image: Slice | np.ndarray, image_shape: Sequence[int], resampling: Resampling = STANDARD.resampling
) -> np.ndarray:
    """A slice as a model takes it.

    image: a Slice or its pixels, uint8, (H, W) grey or (H, W, 3) colour, of any size.
    image_shape: (height, width) for grey or (height, width, 3) for colour.

    Colour becomes grey by luminance (ITU-R 601), grey becomes colour by repeating. The slice is scaled, its aspect
    kept, to the largest size that fits, and stands in the middle with black beside it; a slice that already has the
    size keeps every pixel. Returns uint8 of `image_shape`, which may share memory with the input.

    Unless told otherwise, scaling averages the pixels a new pixel covers (Pillow's BOX). This removes what the new size
    cannot show, is the plain mean where sizes divide, and invents no dark or bright rims along the skull, as a LANCZOS
    filter does.
    Raises InvalidInput for pixels or a shape of another kind.
    """
    pixels = np.asarray(image.pixels if isinstance(image, Slice) else image)
    shape = tuple(int(side) for side in image_shape)
    for what, sides in (("pixels", pixels.shape), ("image shape", shape)):
        if len(sides) not in (2, 3) or sides[2:] not in ((), (3,)) or min(sides) < 1:
            raise InvalidInput(f"the {what} of a slice is {sides}, expected (height, width) or (height, width, 3)")
    if pixels.dtype != np.uint8:
        raise InvalidInput(f"the pixels of a slice are {pixels.dtype}, expected uint8; use to_uint8 first")
    if pixels.shape == shape:
        return pixels
    if pixels.ndim == 3 and len(shape) == 2:
        pixels = _luminance(pixels)
    # Scaling before repeating grey into colour gives the same and does a third of the work.
    pixels = _fit(pixels, shape[0], shape[1], resampling)
    return np.repeat(pixels[..., np.newaxis], 3, axis=2) if pixels.ndim < len(shape) else pixels


def with_channels(slices: np.ndarray) -> np.ndarray:
    """Give grey slices (n, H, W) the channel axis that models expect; colour ones stay as they are."""
    return slices[..., None] if slices.ndim == 3 else slices


def _luminance(pixels: np.ndarray) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).convert("L"))


def _fit(pixels: np.ndarray, height: int, width: int, resampling: Resampling) -> np.ndarray:
    """Scale to fit (height, width) and centre on black.

    Padding comes after scaling, so a strip of one by millions of pixels never becomes a square of millions.
    """
    from PIL import Image

    if pixels.shape[:2] == (height, width):
        return pixels
    scale = min(height / pixels.shape[0], width / pixels.shape[1])
    tall, wide = (max(1, round(side * scale)) for side in pixels.shape[:2])
    if pixels.shape[:2] != (tall, wide):
        method = Image.Resampling[resampling.upper()]
        pixels = np.asarray(Image.fromarray(pixels).resize((wide, tall), method))
    top, left = (height - tall) // 2, (width - wide) // 2
    fitted = np.zeros((height, width, *pixels.shape[2:]), np.uint8)
    fitted[top : top + tall, left : left + wide] = pixels
    return fitted
