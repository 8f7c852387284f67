"""Rows of a table and files of a folder, brought together."""

from __future__ import annotations

import posixpath
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mri_core.datasets.dataset import Split
from mri_core.datasets.importing.columns import FILE_NAMES, Columns, by_name
from mri_core.datasets.importing.files import Files, image_suffix
from mri_core.datasets.importing.left_out import Listing
from mri_core.datasets.importing.places import InFile
from mri_core.datasets.importing.plan import Choices, Item, LeftOut
from mri_core.datasets.importing.table import Table
from mri_core.datasets.importing.texts import Texts

_SAMPLED = 200


@dataclass(frozen=True)
class Matched:
    """Rows that have a place each, in the order of the table.

    rows: (n,) int, rows of the table. places: (n,) int, as `Finder.find` numbers them. cells: of all rows of the table.
    """

    rows: np.ndarray
    places: np.ndarray
    cells: Texts
    left_out: Listing

    def items(
        self, root: Path, paths: Texts, truth: np.ndarray | None, labels: int, patients: Texts | None,
        splits: list[Split | None],
    ) -> Iterator[Item]:  # fmt: skip
        """Items in the order of the table. paths: of all places, from the root. truth: (rows of the table, labels),
        None when no label is known."""
        unknown, base = (None,) * labels, root.as_posix()
        for row, place in zip(map(int, self.rows), map(int, self.places), strict=True):
            known = unknown if truth is None else tuple(truth[row].tolist())
            patient = (patients[row] or None) if patients is not None else None
            cell = self.cells[row]
            yield Item(cell, InFile(f"{base}/{paths[place]}"), known, patient, splits[row], cell)


def file_column(table: Table, files: Files, choices: Choices) -> str | None:
    """The column that names the files: by its name, unless another one's cells mean files and its do not."""
    if choices.file_column is not None:
        return choices.file_column
    names = [name for name in table.rows.columns if name not in {*choices.label_columns, choices.labels_in}]
    named = by_name(names, FILE_NAMES, ())

    def found(name: str) -> int:
        return sum(isinstance(files.find(cell), int) for cell in table.rows[name].iloc[:_SAMPLED] if cell)

    if named is not None and found(named):
        return named
    best = max(names, key=found, default=None)
    return best if best is not None and found(best) else named


class Finder(Protocol):
    """What cells of a table may mean. paths: of the places that are listed where no row names them."""

    @property
    def paths(self) -> Sequence[str]: ...

    def __len__(self) -> int:
        """How many places there are, numbered from 0."""
        ...

    def find(self, cell: str) -> int | str:
        """The number of the place that the cell means, else why it means none."""
        ...


def match(table: Table, columns: Columns, finder: Finder, facts: Sequence[Sequence[Any] | np.ndarray]) -> Matched:
    """Bring rows and places together; what names no place, or the same one otherwise, is left out.

    facts: what two rows of one place have to agree on, each a value or an array of them for every row.
    """
    cells = Texts(table.cells(columns.file))
    row_of = array("q", [-1]) * len(finder)
    torn: set[int] = set()
    left_out = Listing()
    for row, cell in enumerate(cells):
        place = finder.find(cell) if cell else f"row {row + 2} of {table.name} names no file"
        if isinstance(place, str):
            left_out.append(LeftOut(cell or f"row {row + 2}", "row without a file", place))
        elif row_of[place] < 0:
            row_of[place] = row
        elif all(np.array_equal(fact[row], fact[row_of[place]]) for fact in facts):
            left_out.append(
                LeftOut(cell, "duplicate", f"{table.name} names it again in row {row + 2}, saying the same")
            )
        else:
            torn.add(place)
            left_out.append(LeftOut(cell, "conflicting duplicate", _conflict(table, row_of[place], row)))
    left_out.extend(
        LeftOut(path, "file without a row", f"no row of {table.name} names it")
        for place, path in enumerate(finder.paths)
        if row_of[place] < 0 and (image_suffix(path) or not posixpath.splitext(path)[1])
    )
    rows = np.array(row_of)
    rows[list(torn)] = -1
    places = np.argsort(rows, kind="stable")[(rows < 0).sum() :]
    return Matched(rows[places].astype(np.int32), places.astype(np.int32), cells, left_out)


def with_number(table: Table, column: str, number: str) -> Table:
    """The table with a # and the number of the slice behind each cell of a column that is not blank."""
    cells = table.rows[column]
    return replace(table, rows=table.rows.assign(**{column: (cells + "#" + table.rows[number]).where(cells != "", "")}))


def _conflict(table: Table, one: int, other: int) -> str:
    return f"rows {one + 2} and {other + 2} of {table.name} contradict each other, so neither was taken"
