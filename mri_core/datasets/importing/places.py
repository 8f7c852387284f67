"""Slices in files of the formats that `mri_core.images` reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mri_core.errors import ImageError
from mri_core.images import read_file
from mri_core.images.preprocessing import Preprocessing
from mri_core.images.slice import Slice


@dataclass(frozen=True)
class InFile:
    """A file that holds one slice, or with `number`, counted from 0, one of several."""

    path: str
    number: int | None = None

    def read(self, preprocessing: Preprocessing) -> Slice:
        if self.number is not None:
            return _all_slices(self.path, preprocessing)[self.number]
        slices = read_file(self.path, preprocessing)
        if len(slices) != 1:
            raise ImageError(
                f"{slices[0].source.split(' [')[0]} holds {len(slices)} slices; "
                "expected one slice a file, which the labels belong to"
            )
        return slices[0]


@lru_cache(maxsize=1)
def _all_slices(path: str, preprocessing: Preprocessing) -> list[Slice]:
    """The slices of the file read last: those of one volume are asked for one after another."""
    return read_file(path, preprocessing)
