"""What slices are compared by with those that a model was trained on: numbers that no model had to learn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from mri_core.embedding.descriptor import descriptors

EDGE = 64
"""Pixels along an edge of the square that slices are pressed into, so that all sizes cost the same."""
BINS = 16
"""Equal parts of the scale of intensities whose pixels are counted."""
BANDS = 13
"""Bands of spatial frequency, from none to the finest along an axis; what is finer along diagonals is in the last."""

_CHUNK_PIXELS = 500_000


@dataclass(frozen=True, eq=False)
class Looks:
    """Of n slices.

    shapes: (n, embedding.descriptor.FEATURES) float32, where a slice is bright and which way its edges run in each part
    of it; neither brightness nor contrast matters. grain: (n, BINS + BANDS) float32, square roots of the shares of
    pixels at each level of intensity, and the logarithm of the power in each band of frequency; places do not matter.
    levels: (n, 2) float32, mean and standard deviation of the intensities, of 255.
    """

    shapes: np.ndarray
    grain: np.ndarray
    levels: np.ndarray

    def __len__(self) -> int:
        return len(self.shapes)


def looks(slices: np.ndarray) -> Looks:
    """The looks of (n, H, W) grey or (n, H, W, 3) colour slices, uint8; a part at a time, so that memory is bounded."""
    step = max(1, _CHUNK_PIXELS // int(np.prod(slices.shape[1:])))
    parts = [_looks(slices[start : start + step]) for start in range(0, len(slices), step)]
    return joined(parts)


def joined(parts: list[Looks]) -> Looks:
    return Looks(*(np.concatenate([getattr(one, name) for one in parts]) for name in ("shapes", "grain", "levels")))


def _looks(slices: np.ndarray) -> Looks:
    if slices.shape[1:3] != (EDGE, EDGE):
        slices = _pressed(slices)
    grey = slices.astype(np.float32) if slices.ndim == 3 else slices.mean(axis=-1, dtype=np.float32)
    pixels = grey.reshape(len(grey), -1)
    return Looks(
        descriptors(grey),
        np.concatenate([_histograms(pixels), _spectra(grey)], axis=1),
        np.stack([pixels.mean(axis=1), pixels.std(axis=1)], axis=1),
    )


def _pressed(slices: np.ndarray) -> np.ndarray:
    """The same slices as squares of EDGE pixels, each the mean of what it covers."""
    from PIL import Image

    size, box = (EDGE, EDGE), Image.Resampling.BOX
    return np.stack([np.asarray(Image.fromarray(one).resize(size, box)) for one in np.ascontiguousarray(slices)])


def _histograms(pixels: np.ndarray) -> np.ndarray:
    """(n, BINS) float32, the square root of each level's share: their distance is Hellinger's."""
    number, size = pixels.shape
    bins = (pixels * np.float32(BINS / 256)).astype(np.intp)
    bins += BINS * np.arange(number)[:, np.newaxis]
    counts = np.bincount(bins.ravel(), minlength=BINS * number).reshape(number, BINS)
    return np.sqrt(counts / size).astype(np.float32)


def _spectra(grey: np.ndarray) -> np.ndarray:
    """(n, BANDS) float32, the logarithm of the mean power in each ring of frequencies."""
    from scipy import fft

    power = np.abs(fft.rfft2(grey)) ** 2
    return np.log1p(power.reshape(len(grey), -1) @ _rings())


@cache
def _rings() -> np.ndarray:
    """(frequencies, BANDS) float32: what each frequency of `rfft2` weighs in the mean of each band."""
    down, along = np.meshgrid(np.fft.fftfreq(EDGE), np.fft.rfftfreq(EDGE), indexing="ij")
    last = BANDS - 1
    band = np.minimum(np.hypot(down, along).ravel() / 0.5 * last, last).astype(np.intp)
    rings = np.zeros((len(band), BANDS), np.float32)
    rings[np.arange(len(band)), band] = 1
    return rings / rings.sum(axis=0)
