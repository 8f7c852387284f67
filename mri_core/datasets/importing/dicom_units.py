"""What the rows of a table may label among DICOM files: files, instances, series or patients, or single slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, get_args

import numpy as np

from mri_core.datasets.importing.dicom_headers import Headers
from mri_core.datasets.importing.files import Files
from mri_core.datasets.importing.matching import Matched
from mri_core.datasets.importing.texts import Lookup

Level = Literal["file", "instance", "series", "patient"]
LEVELS: tuple[Level, ...] = get_args(Level)
Number = Literal["position", "InstanceNumber"]
"""How a slice is numbered within a file or a series: in order, from 0, or as the file has it."""


class Units:
    """Finds what cells mean, a unit of the level or, with `number`, the slice behind the last # of the cell.

    files: in the order of the headers. Slices are numbered from 0 by series and position.
    """

    paths: Sequence[str] = ()

    def __init__(self, level: Level, files: Files, headers: Headers, number: Number | None = None) -> None:
        self.level, self._files, self._headers, self._number = level, files, headers, number
        order, every = headers.in_order(), np.arange(len(files))
        self._frames = np.array(headers.frames, int)
        self._file_of = np.repeat(order, self._frames[order])
        self._frame_of = _positions(self._file_of)
        unit_of = {"series": headers.series_of, "patient": headers.patient_of}.get(level, every)
        self._unit_of = np.array(unit_of, int)
        self._instances = Lookup(headers.instances) if level == "instance" else None
        self._numbered = Lookup(self._numbers()) if number else None

    def __len__(self) -> int:
        return max(len(self._file_of), len(self._files))

    @property
    def labelled(self) -> str:
        return f"a slice of a {self.level} each" if self._number else f"a {self.level} each"

    def find(self, cell: str) -> int | str:
        if self._numbered is None:
            return self._unit(cell)
        name, _, number = cell.rpartition("#")
        unit = self._unit(name)
        if isinstance(unit, str):
            return unit
        number = number.removesuffix(".0")
        found = list(self._numbered.places(f"{unit}#{int(number)}")) if number.isdecimal() else []
        if len(found) != 1:
            counted = "counted from 0" if self._number == "position" else "by InstanceNumber"
            several = "several slices" if found else "no slice"
            return f"{cell}: there is {several} of that number in the {self.level}, {counted}"
        return found[0]

    def rows_of_slices(self, matched: Matched) -> np.ndarray:
        """The row of the table that labels each slice, (slices,) int; -1 where there is none."""
        rows = np.full(len(self), -1)
        rows[matched.places] = matched.rows
        return rows[: len(self._file_of)] if self._numbered else rows[self._unit_of[self._file_of]]

    def without(self, rows: np.ndarray) -> Iterator[str]:
        """Files of which no slice has a row, and single slices without one of other files."""
        used = np.bincount(self._file_of, rows >= 0, minlength=len(self._files)) > 0
        yield from (self._files.paths[file] for file in map(int, np.flatnonzero(~used)))
        yield from (self.name(place) for place in map(int, np.flatnonzero((rows < 0) & used[self._file_of])))

    def slice(self, place: int) -> tuple[str, int | None]:
        """The file of a slice, and its frame where there are several."""
        file = self._file_of[place]
        return self._files.paths[file], int(self._frame_of[place]) if self._frames[file] > 1 else None

    def name(self, place: int) -> str:
        file, frame = self.slice(place)
        return file if frame is None else f"{file}#{frame}"

    def series(self, places: np.ndarray) -> int:
        """How many series slices belong to."""
        return len(np.unique(np.array(self._headers.series_of, int)[self._file_of[places]]))

    def _unit(self, cell: str) -> int | str:
        if self.level == "file":
            return self._files.find(cell)
        if self._instances is None:
            known = self._headers.series if self.level == "series" else self._headers.patients
            return known.get(cell, f"{cell}: there is no such {self.level}")
        found = [place for place in self._instances.places(cell) if self._headers.instances[place] == cell]
        if len(found) == 1:
            return found[0]
        return f"{cell} is in several files" if found else f"{cell}: there is no such instance"

    def _numbers(self) -> Iterator[str]:
        """Unit and number of every slice, as `find` looks for them."""
        units = self._unit_of[self._file_of]
        numbers = _positions(units) if self._number == "position" else np.array(self._headers.numbers)[self._file_of]
        return (f"{unit}#{number}" for unit, number in zip(units.tolist(), numbers.tolist(), strict=True))


def _positions(groups: np.ndarray) -> np.ndarray:
    """The place of each entry among those of its group, from 0, (n,) int."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    places = np.empty(len(groups), int)
    places[order] = np.arange(len(groups)) - np.repeat(starts, np.diff(starts, append=len(groups)))
    return places
