"""Slices moved a little: a head does not lie in the same place twice."""

import numpy as np


def shift(slices: np.ndarray, most: float, random: np.random.Generator) -> np.ndarray:
    """Move each slice by up to `most` pixels along both axes, each whole number as likely; what comes in is black.

    slices: (n, H, W) or (n, H, W, C). Returns a copy.
    """
    height, width = slices.shape[1:3]
    moved = np.zeros_like(slices)
    for one, (down, right) in enumerate(random.integers(-int(most), int(most), (len(slices), 2), endpoint=True)):
        rows, columns = slice(max(down, 0), height + min(down, 0)), slice(max(right, 0), width + min(right, 0))
        source = slices[one, max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
        moved[one, rows, columns] = source
    return moved
