"""What the columns of a table mean: found by common names, or as the user says."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mri_core.datasets.dataset import Split
from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.table import Table
from mri_core.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

FILE_NAMES = (
    *("file", "filename", "file_name", "filepath", "path", "image", "image_id", "image_file", "image_path", "img"),
    *("id", "slice", "slice_id", "series", "series_instance_uid", "volume", "scan", "name"),
)
PATIENT_NAMES = ("patient", "patient_id", "subject", "subject_id", "participant", "participant_id", "case", "case_id")
SPLIT_NAMES = ("split", "set", "subset", "partition", "fold")
LABEL_LIST_NAMES = ("labels", "label", "findings", "finding", "classes", "class", "tags", "diagnosis", "diagnoses")
"""Common names, the likelier first; a column is compared without case, blanks and punctuation."""

_ON, _OFF = {"1", "yes", "y", "true", "t", "1.0"}, {"0", "", "no", "n", "false", "f", "0.0"}
_SPLITS: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "tr"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "ts"), "test"),
}  # fmt: skip
_SEPARATORS = (";", "|", ",")
_NOTHING = {"", "no finding", "none", "nothing", "no_finding", "normal"}


@dataclass(frozen=True)
class Columns:
    """Columns of a table by their meaning. labels: one column a label; or labels_in, one of label names."""

    file: str
    patient: str | None
    split: str | None
    labels: tuple[str, ...]
    labels_in: str | None
    unused: tuple[str, ...] = ()

    def mapping(self) -> dict[str, str]:
        """What -> its column, for people."""
        found = {"file": self.file, "patient": self.patient, "split": self.split}
        found |= {"labels": self.labels_in or ", ".join(self.labels), "not used": ", ".join(self.unused)}
        return {what: column for what, column in found.items() if column}


def find_columns(table: Table, choices: Choices, file: str | None = None) -> Columns:
    """The meaning of every column. file: the file column, where the caller found it by its contents.

    Raises InvalidInput for a column that is not there, or when the label columns cannot be told.
    """
    names = list(table.rows.columns)
    for chosen in (choices.file_column, choices.patient_column, choices.split_column, choices.labels_in):
        _check_there(chosen, table)
    for chosen in choices.label_columns:
        _check_there(chosen, table)
    taken = {*choices.label_columns, choices.labels_in}
    file = choices.file_column or file or by_name(names, FILE_NAMES, taken)
    if file is None:
        raise InvalidInput(
            f"{table.name} should have a column 'file' that names the images; it has {names}; "
            "say which it is with --file-column"
        )
    taken |= {file}
    patient = choices.patient_column or by_name(names, PATIENT_NAMES, taken)
    split = choices.split_column or by_name(names, SPLIT_NAMES, taken | {patient})
    rest = [name for name in names if name not in {file, patient, split}]
    found = Columns(file, patient, split, choices.label_columns, choices.labels_in)
    if not choices.label_columns and choices.labels_in is None:
        in_one = by_name(rest, LABEL_LIST_NAMES, set())
        if in_one is not None and _not_binary(table.rows[in_one]):
            found = replace(found, labels_in=in_one)
        else:
            found = replace(found, labels=tuple(rest))
    used = {file, patient, split, *found.labels, found.labels_in}
    return replace(found, unused=tuple(name for name in names if name not in used))


def by_name(columns: Sequence[str], known: Sequence[str], taken: Collection[str | None]) -> str | None:
    """The column whose name is the likeliest of the known ones."""
    plain = {bare(column): column for column in reversed(columns) if column not in taken}
    return next((plain[bare(name)] for name in known if bare(name) in plain), None)


def read_labels(table: Table, columns: Columns, separator: str | None) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the labels, and (rows, labels) uint8 of 0 and 1. Raises InvalidInput for values that are neither."""
    if columns.labels_in is not None:
        return _from_lists(table, columns.labels_in, separator)
    if not columns.labels:
        raise InvalidInput(f"{table.name} has no label column beside {list(table.rows.columns)}; expected one a label")
    truth = np.zeros((len(table.rows), len(columns.labels)), np.uint8)
    for place, label in enumerate(columns.labels):
        values = table.rows[label].str.lower()
        if unknown := _not_binary(table.rows[label]):
            shown = ", ".join(repr(value) for value in unknown[:5]) + (", …" if len(unknown) > 5 else "")
            raise InvalidInput(
                f"column {label!r} holds {shown}; expected 1, 0, yes, no or blank in a label column; "
                "name the label columns with --label-columns, or a column of label names with --labels-in"
            )
        truth[:, place] = values.isin(_ON).to_numpy(bool)
    return columns.labels, truth


def read_splits(table: Table, column: str | None) -> list[Split | None]:
    """The split of every row, None where the cell is blank. Raises InvalidInput for a value that names no split."""
    if column is None:
        return [None] * len(table.rows)
    values = table.rows[column].str.lower()
    if unknown := sorted(set(values.unique()) - set(_SPLITS) - {""}):
        raise InvalidInput(
            f"column '{column}' holds {unknown[0]!r}; expected train, validation, test; "
            "name another column with --split-column"
        )
    return [_SPLITS.get(cell.lower()) for cell in table.cells(column)]


def split_named(text: str) -> Split | None:
    """The split that a word means, or None."""
    return _SPLITS.get(text.lower())


def label_names(text: str, separator: str | None) -> list[str]:
    """Names in a text, blanks around them removed; words for no finding name none."""
    parts = text.split(separator) if separator else [text]
    return [part for part in map(str.strip, parts) if part.lower() not in _NOTHING]


def _from_lists(table: Table, column: str, separator: str | None) -> tuple[tuple[str, ...], np.ndarray]:
    values = table.rows[column]
    separators = (
        [separator] if separator else [mark for mark in _SEPARATORS if values.str.contains(mark, regex=False).any()]
    )
    if len(separators) > 1:
        raise InvalidInput(
            f"column {column!r} holds both {separators[0]!r} and {separators[1]!r}; "
            "say with --separator what stands between label names"
        )
    mark = separators[0] if separators else _SEPARATORS[0]
    parts = {value: label_names(value, mark) for value in values.unique()}
    labels = tuple(sorted({part for found in parts.values() for part in found}))
    if not labels:
        raise InvalidInput(f"column {column!r} names no label in any row; expected label names between {mark!r}")
    if len(labels) > 1000:
        raise InvalidInput(
            f"column {column!r} names {len(labels):,} labels, expected at most 1,000; is it the right column?"
        )
    place = {label: number for number, label in enumerate(labels)}
    sets = {value: np.isin(np.arange(len(labels)), [place[part] for part in found]) for value, found in parts.items()}
    return labels, np.array([sets[cell] for cell in table.cells(column)], dtype=np.uint8)


def _not_binary(values: pd.Series) -> list[str]:
    return sorted(set(values[~values.str.lower().isin(_ON | _OFF)].unique()))


def _check_there(chosen: str | None, table: Table) -> None:
    if chosen is not None and chosen not in table.rows.columns:
        raise InvalidInput(f"{table.name} has no column {chosen!r}; it has {list(table.rows.columns)}")


def bare(name: str) -> str:
    """A name without case, blanks and punctuation, by which columns are compared."""
    return re.sub(r"[\W_]+", "", name.lower())
