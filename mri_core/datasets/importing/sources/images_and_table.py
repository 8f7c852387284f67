"""A folder of images, however nested, and one table that names each file and its labels."""

from __future__ import annotations

from pathlib import Path

from mri_core.datasets.importing.columns import find_columns, read_labels, read_splits
from mri_core.datasets.importing.files import list_files
from mri_core.datasets.importing.matching import file_column, match
from mri_core.datasets.importing.plan import Choices, Plan
from mri_core.datasets.importing.table import SUFFIXES, give_back, read_table
from mri_core.datasets.importing.texts import Texts
from mri_core.errors import InvalidInput


def recognises(root: Path, choices: Choices) -> bool:
    """Whether there is a folder and a table."""
    return root.is_dir() and (choices.table is not None or bool(tables(root)))


def plan(root: Path, choices: Choices) -> Plan:
    """Raises InvalidInput for a table that is not as `find_columns` and `read_labels` expect."""
    table = read_table(choices.table or only_table(root))
    if not root.is_dir():
        raise InvalidInput(f"{root} is not a folder; expected the folder that holds the images")
    files = list_files(root)
    columns = find_columns(table, choices, file_column(table, files, choices))
    labels, truth = read_labels(table, columns, choices.separator)
    splits = read_splits(table, None if choices.resplit else columns.split)
    table = table.only(columns.file, columns.patient)
    give_back()
    patients = Texts(table.cells(columns.patient)) if columns.patient else None
    matched = match(table, columns, files, (truth, splits, patients or splits))
    root, paths = files.root, files.paths  # what it takes to find files by their names is not kept
    return Plan(
        labels,
        len(matched.rows),
        lambda: matched.items(root, paths, truth, len(labels), patients, splits),
        {"table": table.name, **columns.mapping()},
        matched.left_out,
        (f"{table.name} was read as {table.kind}",),
        {"origin": f"imported from {table.name}"},
    )


def tables(root: Path) -> list[Path]:
    """Tables at the top of a folder."""
    return sorted(path for path in root.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())


def only_table(root: Path) -> Path:
    """Raises InvalidInput where there is none or more than one."""
    found = tables(root) if root.is_dir() else []
    if len(found) != 1:
        names = ", ".join(path.name for path in found[:5]) or "none"
        raise InvalidInput(f"{root} holds {len(found)} tables ({names}); expected one, or name it with --labels")
    return found[0]
