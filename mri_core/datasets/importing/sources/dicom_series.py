"""DICOM files, series by series, and a table that labels files, series or patients.

Slices come in the order of their series and their position. Patients come from PatientID, hashed; see `Taken.patients`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from mri_core.datasets.importing.columns import find_columns, read_labels, read_splits
from mri_core.datasets.importing.dicom_headers import DicomHeader, is_dicom, read_header
from mri_core.datasets.importing.files import Files, image_suffix, list_files, walk
from mri_core.datasets.importing.matching import Finder, match
from mri_core.datasets.importing.places import InFile
from mri_core.datasets.importing.plan import Choices, Item, LeftOut, Plan
from mri_core.datasets.importing.sources.images_and_table import only_table, tables
from mri_core.datasets.importing.table import SUFFIXES, Table, read_table
from mri_core.errors import ImageError, InvalidInput

_LOOKED_AT = 20
_SAMPLED = 200


def recognises(root: Path, choices: Choices) -> bool:
    """Whether there is a table, and the first files beside it are DICOM."""
    if not root.is_dir() or not (choices.table or tables(root)):
        return False
    first = [root / file for file in islice(filter(_may_be_dicom, walk(root)), _LOOKED_AT)]
    return sum(map(is_dicom, first)) > len(first) / 2


def plan(root: Path, choices: Choices) -> Plan:
    """Reads the header of every file. Raises InvalidInput for a table that names none of them."""
    table = read_table(choices.table or only_table(root))
    files = list_files(root)
    headers, left_out = _headers(files)
    key, level = _key_column(table, choices, files, headers)
    columns = find_columns(table, choices, key)
    labels, truth = read_labels(table, columns, choices.separator)
    splits = read_splits(table, None if choices.resplit else columns.split)
    finder = _finder(level, Files(files.root, tuple(headers)), headers)
    matched = match(table, columns, finder, np.column_stack([truth.astype(object), np.array(splits, object)]))
    row_of = dict(zip(matched.files, matched.rows.tolist(), strict=True))
    ordered = sorted(headers, key=lambda file: (headers[file].series, headers[file].order, file))
    taken = [file for file in ordered if _key(file, headers[file], level) in row_of]
    left_out += matched.left_out
    if level != "file":
        left_out += [
            LeftOut(file, "file without a row", f"no row of {table.name} names the {level} of {file}")
            for file in ordered
            if _key(file, headers[file], level) not in row_of
        ]

    def items() -> Iterator[Item]:
        for file in taken:
            row = row_of[_key(file, headers[file], level)]
            frames = headers[file].frames
            for frame in range(frames):
                name = file if frames == 1 else f"{file}#{frame}"
                place = InFile(f"{files.root.as_posix()}/{file}", None if frames == 1 else frame)
                yield Item(name, place, tuple(truth[row].tolist()), None, splits[row], name)

    series = len({headers[file].series for file in taken})
    mapping = {"table": table.name, **columns.mapping(), "rows label": f"a {level} each", "series": f"{series:,}"}
    total = sum(headers[file].frames for file in taken)
    notes = (f"{table.name} was read as {table.kind}",)
    return Plan(labels, total, items, mapping, tuple(left_out), notes, {"origin": f"imported from {table.name}"})


@dataclass(frozen=True)
class _Names:
    """Series or patients that a cell may mean. `what` they are is for messages, which quote the cell alone."""

    names: frozenset[str]
    what: str
    paths: tuple[str, ...] = ()

    def find(self, cell: str) -> tuple[str | None, str]:
        return (cell, "") if cell in self.names else (None, f"{cell}: there is no such {self.what}")


def _may_be_dicom(file: str) -> bool:
    return Path(file).suffix.lower() not in SUFFIXES and image_suffix(file) in (".dcm", ".dicom", None)


def _headers(files: Files) -> tuple[dict[str, DicomHeader], list[LeftOut]]:
    headers: dict[str, DicomHeader] = {}
    left_out = []
    for file in filter(_may_be_dicom, files.paths):
        path = files.root / file
        if path.is_symlink() and not path.resolve().is_relative_to(files.root):
            left_out.append(LeftOut(file, "skipped", f"{file} lies outside of {files.root.name}"))
            continue
        try:
            headers[file] = read_header(path)
        except ImageError as error:
            left_out.append(LeftOut(file, "skipped", str(error)))
    return headers, left_out


def _key(file: str, header: DicomHeader, level: str) -> str:
    return {"file": file, "series": header.series, "patient": header.patient}[level]


def _finder(level: str, files: Files, headers: dict[str, DicomHeader]) -> Finder:
    if level == "file":
        return files
    return _Names(frozenset(_key("", header, level) for header in headers.values()) - {""}, level)


def _key_column(table: Table, choices: Choices, files: Files, headers: dict[str, DicomHeader]) -> tuple[str, str]:
    """The column whose cells mean most files, series or patients, and which of the three."""
    labels = {*choices.label_columns, choices.labels_in}
    chosen = choices.file_column
    names = [chosen] if chosen is not None and chosen in table.rows else [str(name) for name in table.rows.columns]
    best, best_found = None, 0
    for level in ("file", "series", "patient"):
        finder = _finder(level, files, headers)
        for name in names:
            cells = set(table.rows[name].iloc[:_SAMPLED]) - {""}
            found = sum(finder.find(cell)[0] is not None for cell in cells) if name not in labels else 0
            if found > best_found:
                best, best_found = (name, level), found
    if best is None:
        raise InvalidInput(
            f"no column of {table.name} names the DICOM files, their SeriesInstanceUID or their PatientID; "
            "expected one that does"
        )
    return best
