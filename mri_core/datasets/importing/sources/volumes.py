"""NIfTI volumes cut into slices, labelled by masks that lie beside them or by a table, a volume or a slice each.

The mask of `scan.nii.gz` is called `scan_mask.nii.gz` (or _seg, _segmentation, _labels).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from pathlib import Path

import numpy as np

from mri_core.datasets.dataset import Split
from mri_core.datasets.importing.columns import by_name, find_columns, read_labels, read_splits
from mri_core.datasets.importing.files import Files, image_suffix, list_files, stem, walk
from mri_core.datasets.importing.left_out import Listing
from mri_core.datasets.importing.matching import file_column, match, with_number
from mri_core.datasets.importing.places import InFile
from mri_core.datasets.importing.plan import Choices, Item, LeftOut, Plan
from mri_core.datasets.importing.sources.images_and_table import only_table, tables
from mri_core.datasets.importing.table import read_table
from mri_core.datasets.importing.volume import count_slices, mask_areas
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
    return Plan(labels, total, items, mapping, left_out, provenance=provenance, at_once=1)


_Labelled = tuple[tuple[str, ...], dict[str, _Volume], Listing, dict[str, str]]


def _from_masks(files: Files, volumes: list[str], choices: Choices) -> _Labelled:
    """Every value of the masks is a label. A volume without a mask is left out: nothing is known of it."""
    masks = {_MASK.sub("", stem(file)): file for file in files.paths if _MASK.search(stem(file))}
    axis = choices.preprocessing.axis
    areas: dict[str, dict[int, np.ndarray]] = {}
    counts: dict[str, int] = {}
    left_out = Listing()
    for file in volumes:
        if stem(file) not in masks:
            left_out.append(LeftOut(file, "file without a row", f"{file} has no mask beside it"))
            continue
        try:
            counts[file] = count_slices(files.root / file, axis)
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
    key = file_column(table, Files(files.root, volumes), choices)
    number = by_name([str(name) for name in table.rows.columns if name != key], _SLICE_NAMES, choices.label_columns)
    columns = find_columns(table, choices, key)
    if number is not None:
        columns = replace(columns, labels=tuple(label for label in columns.labels if label != number))
        table = with_number(table, columns.file, number)
    labels, truth = read_labels(table, columns, choices.separator)
    splits = read_splits(table, None if choices.resplit else columns.split)
    patients = table.rows[columns.patient].tolist() if columns.patient else None
    counts, left_out = _counts(files, volumes, choices)
    finder = _Slices(Files(files.root, counts), list(counts.values()), number is not None)
    matched = match(table, columns, finder, (truth, splits, patients or splits))
    found: dict[str, _Volume] = {}
    for place, row in zip(matched.places.tolist(), matched.rows.tolist(), strict=True):
        file, taken = finder.slices(place)
        if file not in found:
            count = counts[file]
            patient = (patients[row] or None) if patients else file
            blank = np.zeros((count, len(labels)), np.uint8)
            found[file] = _Volume(blank, np.zeros(count, bool), patient, splits[row])
        found[file].labels[taken] = truth[row]
        found[file].known[taken] = True
    mapping = {
        "table": table.name,
        "patient": "each volume is a patient",
        **columns.mapping(),
        "rows label": "a slice each" if number else "a volume each",
    }
    left_out.extend(matched.left_out)
    return labels, found, left_out, mapping


class _Slices:
    """Cells that mean volumes, or with `numbered` the slice after the last # of one. counts: slices of each volume."""

    def __init__(self, files: Files, counts: list[int], numbered: bool) -> None:
        self._files, self._numbered = files, numbered
        self._ends = [0, *accumulate(counts)]
        self.paths: Sequence[str] = () if numbered else files.paths

    def __len__(self) -> int:
        return self._ends[-1] if self._numbered else len(self._files)

    def find(self, cell: str) -> int | str:
        if not self._numbered:
            return self._files.find(cell)
        name, _, number = cell.rpartition("#")
        file = self._files.find(name)
        if isinstance(file, str):
            return file
        start, end = self._ends[file : file + 2]
        number = number.removesuffix(".0")
        if not number.isdecimal() or int(number) >= end - start:
            volume = self._files.paths[file]
            return f"{cell}: there is no such slice; {volume} has {end - start}, counted from 0"
        return start + int(number)

    def slices(self, place: int) -> tuple[str, int | slice]:
        """The volume of a place, and which of its slices it means."""
        if not self._numbered:
            return self._files.paths[place], slice(None)
        file = bisect_right(self._ends, place) - 1
        return self._files.paths[file], place - self._ends[file]


def _counts(files: Files, volumes: list[str], choices: Choices) -> tuple[dict[str, int], Listing]:
    counts: dict[str, int] = {}
    left_out = Listing()
    for file in volumes:
        try:
            counts[file] = count_slices(files.root / file, choices.preprocessing.axis)
        except ImageError as error:
            left_out.append(LeftOut(file, "skipped", str(error)))
    return counts, left_out
