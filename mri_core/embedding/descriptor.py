"""What a slice looks like, as numbers that no model had to learn.

The slice made small says where it is bright; how strongly its edges point each way in each part of it says what shapes
are there, after Dalal & Triggs, "Histograms of oriented gradients for human detection" (2005). Both are brought to one
length, so that neither brightness nor contrast matters.
"""

from __future__ import annotations

import numpy as np

SMALL = 16
"""Pixels along an edge of the small slice that is compared."""
EDGE = 32
"""Pixels along an edge of the slice in which gradients are taken: coarser than noise, finer than most structures."""
CELLS = 8
"""Parts along an edge of the slice in each of which gradients are summed."""
DIRECTIONS = 8
"""Directions of gradients told apart, over the full circle: a bright rim is no dark one."""

FEATURES = SMALL**2 + DIRECTIONS * CELLS**2


def descriptors(slices: np.ndarray) -> np.ndarray:
    """(n, FEATURES) float32 of (n, H, W) grey or (n, H, W, 3) colour slices, uint8; zeros for slices of one intensity.

    Channels of colour are averaged. Slices that are not square are judged as if they were pressed into a square.
    """
    grey = slices.astype(np.float32) if slices.ndim == 3 else slices.mean(axis=-1, dtype=np.float32)
    small = resized(grey, SMALL).reshape(len(grey), -1)
    flat = np.ptp(grey, axis=(1, 2)) == 0  # rounding would leave a little of these
    found = np.concatenate([_unit(small - small.mean(axis=1, keepdims=True)), _unit(_edges(grey))], axis=1)
    found[flat] = 0
    return found


def resized(slices: np.ndarray, edge: int) -> np.ndarray:
    """(n, edge, edge) float32: each pixel the mean of what it covers of slices (n, H, W) float32."""
    rows, columns = (_covering(length, edge) for length in slices.shape[1:])
    return rows @ slices @ columns.T


def _covering(length: int, parts: int) -> np.ndarray:
    """(parts, length) float32: how much each of `parts` equal parts of a line covers of its pixels; rows sum to 1."""
    borders = np.linspace(0, length, parts + 1)
    pixels = np.arange(length)
    begin = np.maximum(borders[:-1, np.newaxis], pixels)
    end = np.minimum(borders[1:, np.newaxis], pixels + 1)
    covered = np.maximum(end - begin, 0)
    return (covered / covered.sum(axis=1, keepdims=True)).astype(np.float32)


def _edges(grey: np.ndarray) -> np.ndarray:
    """(n, DIRECTIONS · CELLS²) float32: the gradients of each cell that point each way.

    Square roots, as of any histogram whose lengths are compared: a strong edge would else drown out the rest.
    """
    image = resized(grey, EDGE)
    down, along = np.zeros_like(image), np.zeros_like(image)
    down[:, 1:-1] = image[:, 2:] - image[:, :-2]
    along[:, :, 1:-1] = image[:, :, 2:] - image[:, :, :-2]
    summed = []
    for angle in 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS:
        towards = np.float32(np.cos(angle)) * along + np.float32(np.sin(angle)) * down
        summed.append(resized(np.maximum(towards, 0, out=towards), CELLS).reshape(len(grey), -1))
    return np.sqrt(np.concatenate(summed, axis=1))


def _unit(features: np.ndarray) -> np.ndarray:
    """The rows of (n, features) brought to length 1; zeros stay zeros."""
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.where(length > 0, length, 1)
