"""The layout of competitions: a folder of images and a table for each split, the test split often without labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mri_core.datasets.dataset import SPLITS, Split
from mri_core.datasets.importing.columns import find_columns, read_labels, split_named
from mri_core.datasets.importing.files import Files, image_suffix, list_files
from mri_core.datasets.importing.left_out import Listing
from mri_core.datasets.importing.matching import Matched, file_column, match
from mri_core.datasets.importing.plan import Choices, Item, Plan
from mri_core.datasets.importing.table import SUFFIXES, read_table
from mri_core.datasets.importing.texts import Texts
from mri_core.errors import InvalidInput


@dataclass(frozen=True)
class _Part:
    """One split. labels: names of the columns of `truth`, which is (rows of the table, labels); none without labels.

    listed: whether one column of the table held the names.
    """

    split: Split
    folder: str
    files: Files
    matched: Matched
    patients: Texts | None
    labels: tuple[str, ...]
    truth: np.ndarray | None
    listed: bool = False


def recognises(root: Path, choices: Choices) -> bool:
    """Whether two folders and one table or more are named for splits."""
    if choices.table is not None or not root.is_dir():
        return False
    folders, tables = _named(root)
    return len(folders) > 1 and "train" in tables and "train" in folders


def plan(root: Path, choices: Choices) -> Plan:
    """Raises InvalidInput for tables that do not belong together, or train or validation without labels."""
    folders, tables = _named(root)
    for split in ("train", "validation"):
        if split in folders and split not in tables:
            raise InvalidInput(f"{root.name} has images of {split} and no table of their labels; expected {split}.csv")
    parts = [_part(split, folders[split], tables.get(split), choices) for split in SPLITS if split in folders]
    if not parts or not parts[0].labels:
        raise InvalidInput(f"{root.name} has no training images with labels; expected train_images and train.csv")
    labels = tuple(dict.fromkeys(label for part in parts for label in part.labels))
    for part in parts:
        if part.labels and not part.listed and set(part.labels) != set(labels):
            missing = ", ".join(sorted(set(labels) - set(part.labels)))
            raise InvalidInput(f"the tables of {root.name} differ: {part.split} has no column {missing}; add it there")

    def items() -> Iterator[Item]:
        for part in parts:
            truth = None if part.truth is None else _placed(part.truth, part.labels, labels)
            split = None if choices.resplit and truth is not None else part.split
            splits: list[Split | None] = [split] * (int(part.matched.rows.max(initial=-1)) + 1)
            for item in part.matched.items(
                part.files.root, part.files.paths, truth, len(labels), part.patients, splits
            ):
                yield replace(item, id=f"{part.folder}/{item.id}", source=f"{part.folder}/{item.source}")

    mapping: dict[str, str] = {
        part.split: f"{part.folder}, " + (f"labels from {tables[part.split].name}" if part.labels else "without labels")
        for part in parts
    }
    left_out = Listing(
        replace(one, what=f"{part.folder}/{one.what}") for part in parts for one in part.matched.left_out
    )
    total = sum(len(part.matched.rows) for part in parts)
    origin = {"origin": f"imported from {', '.join(path.name for path in tables.values())}"}
    return Plan(labels, total, items, mapping | {"labels": ", ".join(labels)}, left_out, provenance=origin)


def _part(split: Split, folder: Path, table_file: Path | None, choices: Choices) -> _Part:
    files = list_files(folder)
    if table_file is None:
        files = Files(files.root, filter(image_suffix, files.paths))
        every = np.arange(len(files))
        return _Part(split, folder.name, files, Matched(every, every, files.paths, Listing()), None, (), None)
    table = read_table(table_file)
    wanted = {*choices.label_columns, choices.labels_in} - {None}
    unlabelled = split == "test" and bool(wanted) and not wanted & set(table.rows.columns)
    asked = replace(choices, label_columns=(), labels_in=None) if unlabelled else choices
    columns = find_columns(table, asked, file_column(table, files, asked))
    unlabelled |= split == "test" and not columns.labels and columns.labels_in is None
    labels, truth = ((), None) if unlabelled else read_labels(table, columns, choices.separator)
    patients = Texts(table.cells(columns.patient)) if columns.patient else None
    matched = match(table, columns, files, [fact for fact in (truth, patients) if fact is not None])
    return _Part(split, folder.name, files, matched, patients, labels, truth, columns.labels_in is not None)


def _named(root: Path) -> tuple[dict[Split, Path], dict[Split, Path]]:
    """Folders and tables by the split that one word of their name means; tables may lie in their split's folder."""
    folders: dict[Split, Path] = {}
    tables: dict[Split, Path] = {}
    for path in sorted(root.iterdir()):
        if split := _split_of(path):
            if path.is_dir():
                folders.setdefault(split, path)
            elif path.suffix.lower() in SUFFIXES:
                tables.setdefault(split, path)
    for split, folder in folders.items():
        inside = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
        if split not in tables and len(inside) == 1:
            tables[split] = inside[0]
    return folders, tables


def _split_of(path: Path) -> Split | None:
    meant = {split for word in re.split(r"[\W_]+", path.stem) if (split := split_named(word))}
    return meant.pop() if len(meant) == 1 else None


def _placed(truth: np.ndarray, own: tuple[str, ...], labels: tuple[str, ...]) -> np.ndarray:
    placed = np.zeros((len(truth), len(labels)), np.uint8)
    placed[:, [labels.index(label) for label in own]] = truth
    return placed
