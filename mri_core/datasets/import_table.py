"""Importing a user's slices: a folder of image files and a CSV table that names each file and its labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import SPLITS, Dataset
from mri_core.datasets.split import stratified_split
from mri_core.errors import ImageError, InvalidInput
from mri_core.images import read_file
from mri_core.images.prepare import prepare
from mri_core.settings import Settings

FILE, PATIENT, SPLIT = "file", "patient", "split"
_VALUES = {"1": 1, "0": 0, "1.0": 1, "0.0": 0, "": 0, "yes": 1, "no": 0, "true": 1, "false": 0}
_BLOCK = 500  # slices handed to the builder at once


@dataclass(frozen=True)
class Imported:
    """What an import came to. skipped: file -> why it was left out."""

    dataset: Dataset
    skipped: dict[str, str]


def import_table(
    settings: Settings,
    name: str,
    folder: Path,
    table: Path,
    size: int = 64,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Import image files as grey slices of size × size pixels.

    table: a CSV with a column `file` (path under `folder`), optionally `patient` and `split` (train,
    validation, test), and one column a label holding 1/0, yes/no or blank (no). Without `split`, patients are
    dealt into splits of 12 : 3 : 5 with label sets alike; without `patient` every file counts as one.
    Raises InvalidInput for a table that is not as described, or when no file can be read.
    """
    rows, labels = _read_table(table)
    root = folder.resolve()
    if not root.is_dir():
        raise InvalidInput(f"{folder} is not a folder; expected the folder that holds the images")
    kept: list[int] = []
    skipped: dict[str, str] = {}
    with DatasetBuilder(settings, name, labels, (size, size), len(rows)) as builder:
        for start in range(0, len(rows), _BLOCK):
            pixels, added = [], []
            for number in range(start, min(start + _BLOCK, len(rows))):
                row = rows.iloc[number]
                try:
                    found, position = _read_one(root, row[FILE], size)
                except ImageError as error:
                    skipped[row[FILE]] = str(error)
                    continue
                kept.append(number)
                pixels.append(found)
                added.append({"id": row[FILE], "patient": row[PATIENT], "split": None, "source": row[FILE],
                              "position": position, **{label: int(row[label]) for label in labels}})  # fmt: skip
            if pixels:
                builder.add(np.stack(pixels), added)
            if progress:
                progress(min(start + _BLOCK, len(rows)), len(rows))
        if not kept:
            reason = next(iter(skipped.values()))
            raise InvalidInput(f"none of the {len(rows):,} files in {table.name} could be read; the first: {reason}")
        taken = rows.iloc[kept]
        builder.assign(SPLIT, _splits(taken, labels, seed))
        provenance = {"origin": f"imported from {table.name}", "size": size, "skipped": len(skipped), "seed": seed}
        return Imported(builder.finish(simulated=False, provenance=provenance), skipped)


def _read_table(table: Path) -> tuple[pd.DataFrame, list[str]]:
    """The table with labels as 1/0, and the names of its label columns."""
    try:
        rows = pd.read_csv(table, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InvalidInput(f"there is no table {table}; give a CSV file with --labels") from error
    except (OSError, ValueError) as error:  # pandas' parser errors and wrong encodings are ValueErrors
        raise InvalidInput(
            f"{table.name} cannot be read as a CSV table in UTF-8: {' '.join(str(error).split())}"
        ) from error
    if FILE not in rows or rows.empty:
        raise InvalidInput(
            f"{table.name} should have a column '{FILE}' and at least one row; it has {list(rows.columns)}"
        )
    if rows[FILE].duplicated().any():
        raise InvalidInput(
            f"{table.name} names {rows[FILE][rows[FILE].duplicated()].iloc[0]!r} twice; expected each file once"
        )
    labels = [str(column) for column in rows if column not in (FILE, PATIENT, SPLIT)]
    for label in labels:
        values = rows[label].str.strip().str.lower()
        if unknown := sorted(set(values) - set(_VALUES)):
            raise InvalidInput(
                f"column {label!r} holds {unknown[0]!r}; expected 1, 0, yes, no or blank in a label column"
            )
        rows[label] = values.map(_VALUES)
    if SPLIT in rows and (unknown := sorted(set(rows[SPLIT]) - set(SPLITS))):
        raise InvalidInput(f"column '{SPLIT}' holds {unknown[0]!r}; expected {', '.join(SPLITS)}")
    if PATIENT not in rows:
        rows[PATIENT] = None
    return rows, labels


def _read_one(root: Path, file: str, size: int) -> tuple[np.ndarray, float | None]:
    path = (root / file).resolve()
    if not path.is_relative_to(root):
        raise ImageError(f"{file} lies outside of {root}; expected files under it")
    slices = read_file(path)
    if len(slices) != 1:
        raise ImageError(
            f"{path.name} holds {len(slices)} slices; expected one slice a file, which the labels belong to"
        )
    return prepare(slices[0], (size, size)), slices[0].position


def _splits(rows: pd.DataFrame, labels: list[str], seed: int) -> list[str]:
    if SPLIT in rows:
        return rows[SPLIT].tolist()
    return stratified_split(rows[labels].to_numpy(np.uint8), rows[PATIENT].to_numpy(object), seed=seed).tolist()
