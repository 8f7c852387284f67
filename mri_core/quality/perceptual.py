"""A perceptual hash of slices, and whether two slices that share one are copies of each other.

The hash is made of the magnitudes of a slice's lowest spatial frequencies, which stay as they are when the slice is
moved; those that mirroring exchanges are sorted, so they survive that too. Without the mean and brought to one length
they do not change with brightness and contrast either. After Swaminathan, Mao & Wu, "Robust and secure image hashing"
(2006). Hashes are numbers compared by distance, not bits, which would cut off what tells neighbours apart.
"""

from __future__ import annotations

import numpy as np

FREQUENCIES = 7
"""Periods per slice edge, from the lowest on."""
EDGE = 64
"""Larger slices are averaged down to about this many pixels; copies differ in what is finer."""
FLIPS = {
    "": (1, 1),
    "mirrored left to right": (1, -1),
    "mirrored top to bottom": (-1, 1),
    "turned by 180°": (-1, -1),
}
"""In words -> steps along the rows and columns."""
SHIFTS = tuple((dy, dx) for dy in (0, -1, 1) for dx in (0, -1, 1))


def reduced(slices: np.ndarray) -> np.ndarray:
    """Slices (n, H, W) float32 with whole blocks of pixels averaged until the shorter edge is below 2·EDGE."""
    _, height, width = slices.shape
    block = max(1, min(height, width) // EDGE)
    if block == 1:
        return slices
    whole = slices[:, : height // block * block, : width // block * block]
    return whole.reshape(len(slices), height // block, block, width // block, block).mean(axis=(2, 4))


def hashes(slices: np.ndarray) -> np.ndarray:
    """(n, features) float32 of length 1, zeros for a slice of one intensity. slices: (n, H, W) float32."""
    rows, columns = (_waves(edge) for edge in slices.shape[1:])
    spectrum = np.abs(rows[FREQUENCIES:] @ slices @ columns.T)
    one, mirrored = spectrum[:, :, FREQUENCIES:], spectrum[:, :, FREQUENCIES::-1]
    y, x = np.indices(one.shape[1:])
    period = np.hypot(y, x)
    kept = (period > 0) & (period <= FREQUENCIES)
    both = kept & (y > 0) & (x > 0)
    # Times its frequency, each magnitude weighs about the same: spectra of pictures fall like one over it.
    high, low = np.maximum(one, mirrored) * period, np.minimum(one, mirrored) * period
    features = np.concatenate([high[:, kept], low[:, both]], axis=1)
    length = np.linalg.norm(features, axis=1, keepdims=True)
    # Rounding leaves a little of a flat slice.
    flat = np.ptp(slices, axis=(1, 2))[:, np.newaxis] == 0
    return np.where(flat, 0, features / np.where(length > 0, length, 1)).astype(np.float32)


def _waves(edge: int) -> np.ndarray:
    """(2·FREQUENCIES + 1, edge) complex64: waves from -FREQUENCIES to FREQUENCIES periods along an edge."""
    periods = np.arange(-FREQUENCIES, FREQUENCIES + 1)
    return np.exp(-2j * np.pi * np.outer(periods, np.arange(edge)) / edge).astype(np.complex64)


def aligned(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How alike two slices' fine details are where one is mirrored and moved by up to a pixel to fit best.

    a, b: (pairs, H, W) float32. Returns (pairs,) the correlation of what a 3×3 mean takes away, which neighbouring
    slices do not share because it is mostly noise, and the places in FLIPS and SHIFTS where it is highest. Brightness
    and contrast do not matter to it.
    """
    details = _centred(_detail(a))
    other = _detail(b)
    height, width = other.shape[1:]
    best = np.full(len(a), -np.inf)
    flip, shift = np.zeros(len(a), dtype=np.int64), np.zeros(len(a), dtype=np.int64)
    for i, (down, along) in enumerate(FLIPS.values()):
        turned = other[:, ::down, ::along]
        for j, (dy, dx) in enumerate(SHIFTS):
            moved = _centred(turned[:, 1 + dy : height - 1 + dy, 1 + dx : width - 1 + dx], cut=0)
            likeness = np.einsum("ni,ni->n", details, moved)
            better = likeness > best
            best[better], flip[better], shift[better] = likeness[better], i, j
    return best, flip, shift


def _detail(slices: np.ndarray) -> np.ndarray:
    """(n, H - 2, W - 2): what is left of every inner pixel without the mean of the 3×3 around it."""
    height, width = slices.shape[1:]
    blocks = [slices[:, y : height - 2 + y, x : width - 2 + x] for y in range(3) for x in range(3)]
    return blocks[4] - np.add.reduce(blocks) / 9


def _centred(details: np.ndarray, cut: int = 1) -> np.ndarray:
    """(n, pixels) without `cut` pixels at every edge, mean 0 and length 1; zeros stay zeros."""
    height, width = details.shape[1:]
    flat = details[:, cut : height - cut, cut : width - cut].reshape(len(details), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return flat / np.where(length > 0, length, 1)
