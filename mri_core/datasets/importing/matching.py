"""Rows of a table and files of a folder, brought together."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mri_core.datasets.dataset import Split
from mri_core.datasets.importing.columns import FILE_NAMES, Columns, by_name
from mri_core.datasets.importing.files import Files, image_suffix
from mri_core.datasets.importing.places import InFile
from mri_core.datasets.importing.plan import Choices, Item, LeftOut
from mri_core.datasets.importing.table import Table

_SAMPLED = 200


@dataclass(frozen=True)
class Matched:
    """Rows that have a file each. rows: places in the table. files: paths from the root. cells: as the table says."""

    rows: np.ndarray
    files: list[str]
    cells: list[str]
    left_out: list[LeftOut]

    def items(
        self, files: Files, truth: np.ndarray | None, labels: int, patients: list[str] | None,
        splits: list[Split | None],
    ) -> Iterator[Item]:  # fmt: skip
        """Items in the order of the table. truth: (rows of the table, labels), None when no label is known."""
        unknown = (None,) * labels
        root = files.root.as_posix()
        for row, file, cell in zip(self.rows.tolist(), self.files, self.cells, strict=True):
            known = unknown if truth is None else tuple(truth[row].tolist())
            patient = (patients[row] or None) if patients is not None else None
            yield Item(cell, InFile(f"{root}/{file}"), known, patient, splits[row], cell)


def file_column(table: Table, files: Files, choices: Choices) -> str | None:
    """The column that names the files: by its name, unless another one's cells mean files and its do not."""
    if choices.file_column is not None:
        return choices.file_column
    names = [name for name in table.rows.columns if name not in {*choices.label_columns, choices.labels_in}]
    named = by_name(names, FILE_NAMES, ())

    def found(name: str) -> int:
        return sum(files.find(cell)[0] is not None for cell in table.rows[name].iloc[:_SAMPLED] if cell)

    if named is not None and found(named):
        return named
    best = max(names, key=found, default=None)
    return best if best is not None and found(best) else named


class Finder(Protocol):
    """What cells of a table may mean. paths: files to list where no row names them."""

    @property
    def paths(self) -> tuple[str, ...]: ...

    def find(self, cell: str) -> tuple[str | None, str]:
        """What the cell means, else None and why it means nothing."""
        ...


def match(table: Table, columns: Columns, files: Finder, facts: np.ndarray) -> Matched:
    """Bring rows and files together; what names no file, or the same one otherwise, is left out.

    facts: (rows, anything), what two rows of one file have to agree on.
    """
    cells = table.rows[columns.file].tolist()
    first: dict[str, int] = {}
    torn: set[str] = set()
    left_out: list[LeftOut] = []
    for row, cell in enumerate(cells):
        file, why = files.find(cell) if cell else (None, f"row {row + 2} of {table.name} names no file")
        if file is None:
            left_out.append(LeftOut(cell or f"row {row + 2}", "row without a file", why))
        elif file not in first:
            first[file] = row
        elif (facts[row] == facts[first[file]]).all():
            left_out.append(
                LeftOut(cell, "duplicate", f"{table.name} names it again in row {row + 2}, saying the same")
            )
        else:
            torn.add(file)
            left_out.append(LeftOut(cell, "conflicting duplicate", _conflict(table, first[file], row)))
    left_out += [
        LeftOut(path, "file without a row", f"no row of {table.name} names it")
        for path in files.paths
        if path not in first and (image_suffix(path) or not posixpath.splitext(path)[1])
    ]
    kept = {file: row for file, row in first.items() if file not in torn}
    rows = np.fromiter(kept.values(), int, len(kept))
    return Matched(rows, list(kept), [cells[row] for row in rows], left_out)


def _conflict(table: Table, one: int, other: int) -> str:
    return f"rows {one + 2} and {other + 2} of {table.name} contradict each other, so neither was taken"
