"""NIfTI volumes cut into slices, labelled by masks that lie beside them or by a table, a volume or a slice each.

The mask of `scan.nii.gz` is called `scan_mask.nii.gz` (or _seg, _segmentation, _labels).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from mri_core.datasets.dataset import Split
from mri_core.datasets.importing.columns import by_name, find_columns, read_labels, read_splits
from mri_core.datasets.importing.files import Files, image_suffix, list_files, stem, walk
from mri_core.datasets.importing.matching import file_column, match
from mri_core.datasets.importing.places import InFile
from mri_core.datasets.importing.plan import Choices, Item, LeftOut, Plan
from mri_core.datasets.importing.sources.images_and_table import only_table, tables
from mri_core.datasets.importing.table import Table, read_table
from mri_core.datasets.importing.volume import mask_areas, slice_count
from mri_core.errors import ImageError, InvalidInput

_NIFTI = (".nii", ".nii.gz")
_MASK = re.compile(r"[_.-](mask|seg|segmentation|labels?)$", re.IGNORECASE)
_SLICE_NAMES = ("slice", "slice_index", "slice_number", "z")
_LOOKED_AT = 20


@dataclass(frozen=True)
class _Volume:
    """labels: (slices, labels) uint8; known: (slices,) bool, which slices are taken."""

    labels: np.ndarray
    known: np.ndarray
    patient: str | None = None
    split: Split | None = None


def recognises(root: Path, choices: Choices) -> bool:
    """Whether the first images are NIfTI, and a mask or a table says their labels."""
    if not root.is_dir():
        return False
    images = list(islice((file for file in walk(root) if image_suffix(file)), _LOOKED_AT))
    volumes = [file for file in images if image_suffix(file) in _NIFTI]
    labelled = choices.table or tables(root) or any(_MASK.search(stem(file)) for file in volumes)
    return bool(labelled) and len(volumes) > len(images) / 2


def plan(root: Path, choices: Choices) -> Plan:
    """Reads every volume or mask once. Raises InvalidInput where neither masks nor a table label any volume."""
    if not root.is_dir():
        raise InvalidInput(f"{root} is not a folder; expected the folder that holds the volumes")
    files = list_files(root)
    volumes = [file for file in files.paths if image_suffix(file) in _NIFTI and not _MASK.search(stem(file))]
    if choices.table or tables(root):
        labels, found, left_out, mapping = _from_table(files, volumes, choices, root)
    else:
        labels, found, left_out, mapping = _from_masks(files, volumes, choices)
    first, last = choices.slices or (0, None)

    def rows(volume: _Volume) -> list[int]:
        return [row for row in range(len(volume.known))[first:last] if volume.known[row]]

    def items() -> Iterator[Item]:
        for file, volume in found.items():
            for row in rows(volume):
                place = InFile(f"{files.root.as_posix()}/{file}", row)
                known = tuple(volume.labels[row].tolist())
                yield Item(f"{file}#{row:04d}", place, known, volume.patient, volume.split, f"{file}#{row:04d}")

    total = sum(len(rows(volume)) for volume in found.values())
    if not total:
        reason = left_out[0].why if left_out else "there is no slice in the range that was asked for"
        raise InvalidInput(f"no slice of the {len(volumes):,} volumes in {root.name} has labels; the first: {reason}")
    mapping |= {"volumes": f"{len(found):,}", "axis": choices.preprocessing.axis, "labels": ", ".join(labels)}
    provenance = {"origin": f"imported from {root.name}", "slices": choices.slices, "mask_pixels": choices.mask_pixels}
    return Plan(labels, total, items, mapping, tuple(left_out), provenance=provenance)


_Labelled = tuple[tuple[str, ...], dict[str, _Volume], list[LeftOut], dict[str, str]]


def _from_masks(files: Files, volumes: list[str], choices: Choices) -> _Labelled:
    """Every value of the masks is a label. A volume without a mask is left out: nothing is known of it."""
    masks = {_MASK.sub("", stem(file)): file for file in files.paths if _MASK.search(stem(file))}
    axis = choices.preprocessing.axis
    areas: dict[str, dict[int, np.ndarray]] = {}
    counts: dict[str, int] = {}
    left_out: list[LeftOut] = []
    for file in volumes:
        if stem(file) not in masks:
            left_out.append(LeftOut(file, "file without a row", f"{file} has no mask beside it"))
            continue
        try:
            counts[file] = slice_count(files.root / file, axis)
            areas[file] = mask_areas(files.root / masks[stem(file)], axis)
        except ImageError as error:
            left_out.append(LeftOut(file, "skipped", str(error)))
            areas.pop(file, None)
            continue
        if any(len(area) != counts[file] for area in areas[file].values()):
            left_out.append(LeftOut(file, "skipped", f"{file} and its mask have different numbers of slices"))
            del areas[file]
    values = sorted({value for of_file in areas.values() for value in of_file})
    found = {}
    for file, of_file in areas.items():
        truth = np.zeros((counts[file], len(values)), np.uint8)
        for value, area in of_file.items():
            truth[:, values.index(value)] = area >= choices.mask_pixels
        found[file] = _Volume(truth, np.ones(counts[file], bool), file)
    rule = f"a label is on where it covers {choices.mask_pixels:,} pixels or more"
    labels = ("mask",) if values == [1] else tuple(f"mask {value}" for value in values)
    return labels, found, left_out, {"masks": rule, "patient": "each volume is a patient"}


def _from_table(files: Files, volumes: list[str], choices: Choices, root: Path) -> _Labelled:
    """A row labels a volume, or one slice where the table has a column of slice numbers, counted from 0."""
    table = read_table(choices.table or only_table(root))
    only = Files(files.root, tuple(volumes))
    key = file_column(table, only, choices)
    number = by_name([str(name) for name in table.rows.columns if name != key], _SLICE_NAMES, choices.label_columns)
    columns = find_columns(table, choices, key)
    if number is not None:
        columns = replace(columns, labels=tuple(label for label in columns.labels if label != number))
    labels, truth = read_labels(table, columns, choices.separator)
    splits = read_splits(table, None if choices.resplit else columns.split)
    patients = table.rows[columns.patient].tolist() if columns.patient else None
    rows = _joined(table, columns.file, number)
    counts, left_out = _counts(files, volumes, choices)
    finder = _Slices(Files(files.root, tuple(counts)), counts, number is not None)
    matched = match(rows, columns, finder, truth)
    found: dict[str, _Volume] = {}
    for place, row in zip(matched.files, matched.rows.tolist(), strict=True):
        file, _, slice_number = place.rpartition("#") if number is not None else (place, "", "")
        if file not in found:
            count = counts[file]
            patient = (patients[row] or None) if patients else file
            blank = np.zeros((count, len(labels)), np.uint8)
            found[file] = _Volume(blank, np.zeros(count, bool), patient, splits[row])
        taken = slice(None) if number is None else int(slice_number)
        found[file].labels[taken] = truth[row]
        found[file].known[taken] = True
    mapping = {
        "table": table.name,
        "patient": "each volume is a patient",
        **columns.mapping(),
        "rows label": "a slice each" if number else "a volume each",
    }
    return labels, found, left_out + matched.left_out, mapping


@dataclass(frozen=True)
class _Slices:
    """Cells that mean volumes, or with `numbered` the slice after the last # of one."""

    files: Files
    counts: Mapping[str, int]
    numbered: bool

    @property
    def paths(self) -> tuple[str, ...]:
        return () if self.numbered else self.files.paths

    def find(self, cell: str) -> tuple[str | None, str]:
        if not self.numbered:
            return self.files.find(cell)
        name, _, number = cell.rpartition("#")
        file, why = self.files.find(name)
        if file is None:
            return None, why
        if not number.isdecimal() or int(number) >= self.counts[file]:
            return None, f"{cell}: there is no such slice; {file} has {self.counts[file]}, counted from 0"
        return f"{file}#{int(number)}", ""


def _joined(table: Table, file: str, number: str | None) -> Table:
    """The table with the slice's number behind the file's name."""
    if number is None:
        return table
    return replace(table, rows=table.rows.assign(**{file: table.rows[file] + "#" + table.rows[number]}))


def _counts(files: Files, volumes: list[str], choices: Choices) -> tuple[dict[str, int], list[LeftOut]]:
    counts: dict[str, int] = {}
    left_out = []
    for file in volumes:
        try:
            counts[file] = slice_count(files.root / file, choices.preprocessing.axis)
        except ImageError as error:
            left_out.append(LeftOut(file, "skipped", str(error)))
    return counts, left_out
