"""DICOM files, series by series, and a table that labels slices, files, series or patients.

Slices come in the order of their series and their position. Patients come from PatientID, hashed (see
`Taken.hashed_patients`), unless the user names a column of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from mri_core.datasets.importing.columns import Columns, bare, by_name, find_columns, read_labels, read_splits
from mri_core.datasets.importing.dicom_headers import Headers, is_dicom, read_header
from mri_core.datasets.importing.dicom_units import LEVELS, Level, Number, Units
from mri_core.datasets.importing.files import Files, image_suffix, leads_out, list_files, walk
from mri_core.datasets.importing.left_out import Listing
from mri_core.datasets.importing.matching import match, with_number
from mri_core.datasets.importing.places import InFile
from mri_core.datasets.importing.plan import Choices, Item, LeftOut, Plan
from mri_core.datasets.importing.sources.images_and_table import only_table, tables
from mri_core.datasets.importing.table import SUFFIXES, Table, read_table
from mri_core.datasets.importing.texts import Texts
from mri_core.errors import ImageError, InvalidInput

_LOOKED_AT = 20
_SAMPLED = 200
_POSITIONS = ("slice", "slice_index", "slice_number", "frame", "frame_number", "z")  # counted from 0
_NUMBERS = ("instance_number",)  # as the files have it
_KNOWN = {"sopinstanceuid", "seriesinstanceuid", "studyinstanceuid", "patientid", "instancenumber"}
"""Columns, by their bare names, that say what a file says itself and are no labels."""


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
    units, columns, table = _units(table, choices, Files(files.root, headers.files), headers)
    labels, truth = read_labels(table, columns, choices.separator)
    splits = read_splits(table, None if choices.resplit else columns.split)
    patients = Texts(table.cells(columns.patient)) if columns.patient and choices.patient_column else None
    matched = match(table, columns, units, (truth, splits, patients or splits))
    left_out.extend(matched.left_out)
    row_of = units.rows_of_slices(matched)
    left_out.extend(
        LeftOut(name, "file without a row", f"no row of {table.name} names the {units.level} of {name}")
        for name in units.without(row_of)
    )
    taken = np.flatnonzero(row_of >= 0)

    def items() -> Iterator[Item]:
        for place in map(int, taken):
            row, (file, frame) = row_of[place], units.slice(place)
            where = InFile(f"{files.root.as_posix()}/{file}", frame)
            name, patient = units.name(place), (patients[row] or None) if patients is not None else None
            yield Item(name, where, tuple(truth[row].tolist()), patient, splits[row], name)

    mapping = {
        "table": table.name,
        **columns.mapping(),
        "rows label": units.labelled,
        "series": f"{units.series(taken):,}",
    }
    if patients is None:
        mapping["patient"] = "PatientID of the files, hashed"
    notes = (f"{table.name} was read as {table.kind}",)
    return Plan(labels, len(taken), items, mapping, left_out, notes, {"origin": f"imported from {table.name}"})


def _may_be_dicom(file: str) -> bool:
    return Path(file).suffix.lower() not in SUFFIXES and image_suffix(file) in (".dcm", ".dicom", None)


def _headers(files: Files) -> tuple[Headers, Listing]:
    headers, left_out = Headers(), Listing()
    for file in filter(_may_be_dicom, files.paths):
        if leads_out(files.root, file):
            left_out.append(LeftOut(file, "skipped", f"{file} lies outside of {files.root.name}"))
            continue
        try:
            headers.add(file, read_header(files.root / file))
        except ImageError as error:
            left_out.append(LeftOut(file, "skipped", str(error)))
    return headers, left_out


def _units(table: Table, choices: Choices, files: Files, headers: Headers) -> tuple[Units, Columns, Table]:
    """What the rows of the table label; the meaning of its columns; and the table, in which the number of the slice
    stands behind the cells of the key column where rows label slices."""
    key, level = _key_column(table, choices, files, headers)
    columns = find_columns(table, choices, key)
    chosen = {*choices.label_columns, choices.labels_in}
    others = [str(name) for name in table.rows.columns if name != key]
    positions, numbers = by_name(others, _POSITIONS, chosen), by_name(others, _NUMBERS, chosen)
    apart = level == "series" or (level != "patient" and max(headers.frames, default=1) > 1)
    number: Number | None = "InstanceNumber" if numbers and level == "series" else "position" if positions else None
    number = number if apart else None
    ours = {name for name in others if bare(name) in _KNOWN or (level != "patient" and name == positions)} - chosen
    columns = replace(columns, labels=tuple(label for label in columns.labels if label not in ours))
    if number is not None:
        table = with_number(table, columns.file, str(numbers if number == "InstanceNumber" else positions))
    return Units(level, files, headers, number), columns, table


def _key_column(table: Table, choices: Choices, files: Files, headers: Headers) -> tuple[str, Level]:
    """The column whose cells mean most files, instances, series or patients, and which of the four."""
    labels = {*choices.label_columns, choices.labels_in}
    chosen = choices.file_column
    names = [chosen] if chosen is not None and chosen in table.rows else [str(name) for name in table.rows.columns]
    best: tuple[str, Level] | None = None
    best_found = 0
    for level in LEVELS:
        units = Units(level, files, headers)
        for name in names:
            cells = set(table.rows[name].iloc[:_SAMPLED]) - {""}
            found = sum(isinstance(units.find(cell), int) for cell in cells) if name not in labels else 0
            if found > best_found:
                best, best_found = (name, level), found
    if best is None:
        raise InvalidInput(
            f"no column of {table.name} names the DICOM files, their SOPInstanceUID, their SeriesInstanceUID or their "
            "PatientID; expected one that does"
        )
    return best
