"""Copying scattered slices out of a memory-mapped file."""

from __future__ import annotations

import os

import numpy as np

MAPPED_BYTES = 128 * 2**20
"""Up to this size a file is read through its mapping, which is a little faster."""


def gather(pixels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Some slices, (rows, H, W) or (rows, H, W, 3) uint8, as a new array.

    A larger file is read instead of mapped: the system maps up to a megabyte around every byte that is touched, which
    counts as this process's memory, so that a million slices would seem to take gigabytes.
    """
    if not isinstance(pixels, np.memmap) or pixels.nbytes <= MAPPED_BYTES:
        return pixels[rows]
    found = np.empty((len(rows), *pixels.shape[1:]), pixels.dtype)
    size = found[0].nbytes if len(rows) else 0
    assert pixels.filename is not None, "a slices.npy on disk has a name"
    file = os.open(pixels.filename, os.O_RDONLY)
    try:
        for place, row in enumerate(rows.tolist()):
            if os.preadv(file, [memoryview(found[place]).cast("B")], pixels.offset + row * size) != size:
                raise OSError(f"{pixels.filename} ended before slice {row}")
    finally:
        os.close(file)
    return found
