"""NumPy's array files, plain or in a zip, read a row at a time; never pickled objects."""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np

from mri_core.images.limits import LIMITS, refuse, refusing
from mri_core.images.prepare import to_uint8
from mri_core.images.preprocessing import Preprocessing
from mri_core.images.slice import Slice

EXPECTED = "a complete array of numbers or texts in NumPy's format"
_MOST_NAMED = 1000


@dataclass(frozen=True)
class ArrayFile:
    """An open array. offset: bytes of its header. Rows run along the first axis."""

    name: str
    stream: IO[bytes]
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype

    @staticmethod
    def members(path: Path) -> list[str]:
        """Names of the arrays in an `.npz`. Raises ImageError when it is none."""
        with (
            refusing(path.name, "it is not a zip of arrays", EXPECTED, also=(zipfile.BadZipFile,)),
            zipfile.ZipFile(path) as archive,
        ):
            return archive.namelist()[:_MOST_NAMED]

    def read_rows(self, start: int, count: int) -> np.ndarray:
        """(count, *rest) of the array. Raises ImageError for damaged bytes."""
        row = math.prod(self.shape[1:]) * self.dtype.itemsize
        with refusing(self.name, "its data are damaged or cut short", EXPECTED, also=(zipfile.BadZipFile,)):
            self.stream.seek(self.offset + start * row)
            data = self.stream.read(count * row)
            return np.frombuffer(data, self.dtype).reshape(count, *self.shape[1:])

    def check_images(self) -> None:
        """Raise ImageError unless the rows are slices within the limits."""
        said = f"its header declares {self.dtype} {self.shape}"
        if self.dtype.kind not in "biuf":
            raise refuse(self.name, said, "numbers")
        if len(self.shape) not in (3, 4) or self.shape[3:] not in ((), (1,), (3,)) or min(self.shape) < 1:
            raise refuse(self.name, said, "(slices, height, width), with 1 or 3 channels behind or without")
        if math.prod(self.shape[1:3]) > LIMITS.slice_pixels:
            raise refuse(self.name, said, LIMITS.most("slice_pixels"))


@dataclass(frozen=True)
class ArrayRow:
    """One slice of an array of images."""

    path: str
    member: str | None
    row: int

    def read(self, preprocessing: Preprocessing) -> Slice:
        """uint8 stays as it is; anything deeper goes through a percentile window of its own slice."""
        found = _held(self.path, self.member)
        pixels = found.read_rows(self.row, 1)[0]
        if pixels.shape[2:] == (1,):
            pixels = pixels[..., 0]
        if pixels.dtype != np.uint8:
            pixels = to_uint8(pixels, preprocessing.low, preprocessing.high)
        return Slice(pixels, f"{found.name} [{self.row}]")


def open_array(path: str, member: str | None) -> ArrayFile:
    """Open an array by its header, once that agrees with the bytes there are. Raises ImageError."""
    name = member or Path(path).name
    # A header is a Python literal of at most 10,000 bytes: one that nests too deep for the parser ends its memory.
    also = (zipfile.BadZipFile, NotImplementedError, tokenize.TokenError, MemoryError)
    with refusing(name, "its header is damaged", EXPECTED, also=also):
        stream: IO[bytes]
        if member is None:
            stream, available = io.BufferedReader(io.FileIO(path)), Path(path).stat().st_size
        else:
            archive = zipfile.ZipFile(path)
            stream, available = archive.open(member), archive.getinfo(member).file_size
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, by_columns, dtype = read[np.lib.format.read_magic(stream)](stream)
        offset = stream.tell()
    if dtype.kind not in "biufUS":
        raise refuse(name, f"its header declares {dtype}", EXPECTED)
    if by_columns or not shape:
        raise refuse(name, "it is stored by columns", "an array stored by rows, as numpy.save does by default")
    if offset + math.prod(shape) * dtype.itemsize > available:
        promised = offset + math.prod(shape) * dtype.itemsize
        raise refuse(name, f"its header promises {promised:,} bytes and there are {available:,}", EXPECTED)
    return ArrayFile(name, stream, offset, shape, dtype)


@lru_cache(maxsize=8)
def _held(path: str, member: str | None) -> ArrayFile:
    """Arrays that a decoding process keeps open: the next row follows without inflating what came before."""
    return open_array(path, member)
