"""Copying scattered slices out of a memory-mapped file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeGuard

import numpy as np

MAPPED_BYTES = 128 * 2**20
"""Up to this size a file is read through its mapping, which is a little faster."""


def gather(pixels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Some slices, (rows, H, W) or (rows, H, W, 3) uint8, as a new array.

    A larger file is read instead of mapped: the system maps up to a megabyte around every byte that is touched, which
    counts as this process's memory, so that a million slices would seem to take gigabytes.
    """
    if not _is_read(pixels):
        return pixels[rows]
    found = np.empty((len(rows), *pixels.shape[1:]), pixels.dtype)
    with _opened(pixels) as (file, size):
        for place, row in enumerate(rows.tolist()):
            if os.preadv(file, [memoryview(found[place]).cast("B")], pixels.offset + row * size) != size:
                raise OSError(f"{pixels.filename} ended before slice {row}")
    return found


def read_ahead(pixels: np.ndarray, rows: np.ndarray) -> None:
    """Ask the system to fetch slices that will be gathered soon, so that a disk is waited for while others compute.

    Nothing is asked where the file is mapped, or of a system that cannot be asked.
    """
    if not _is_read(pixels) or not hasattr(os, "posix_fadvise"):
        return
    with _opened(pixels) as (file, size):
        for row in rows.tolist():
            os.posix_fadvise(file, pixels.offset + row * size, size, os.POSIX_FADV_WILLNEED)


def _is_read(pixels: np.ndarray) -> TypeGuard[np.memmap]:
    return isinstance(pixels, np.memmap) and pixels.nbytes > MAPPED_BYTES


@contextmanager
def _opened(pixels: np.memmap) -> Iterator[tuple[int, int]]:
    """The file behind a mapping, and the bytes of one slice in it."""
    assert pixels.filename is not None, "a slices.npy on disk has a name"
    file = os.open(pixels.filename, os.O_RDONLY)
    try:
        yield file, int(np.prod(pixels.shape[1:])) * pixels.itemsize
    finally:
        os.close(file)
