"""One folder a label set: a slice has the labels that its folder is named for, and of every folder it lies in."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mri_core.datasets.dataset import Split
from mri_core.datasets.importing.columns import label_names, split_named
from mri_core.datasets.importing.files import Files, image_suffix, list_files
from mri_core.datasets.importing.places import InFile
from mri_core.datasets.importing.plan import Choices, Item, LeftOut, Plan
from mri_core.datasets.importing.table import SUFFIXES
from mri_core.errors import InvalidInput

_MOST_FOLDERS = 200


@dataclass(frozen=True)
class _Found:
    """One slice. files: where it lies, the first one is read. split: of the folder above, if that is one."""

    files: list[str]
    split: Split | None
    labels: set[str]


def recognises(root: Path, choices: Choices) -> bool:
    """Whether there are folders and no table. Whether their names are labels is for the preview to show."""
    if choices.table is not None or not root.is_dir():
        return False
    inside = [path for path in root.iterdir() if not path.name.startswith(".")]
    return sum(path.is_dir() for path in inside) > 1 and not any(path.suffix.lower() in SUFFIXES for path in inside)


def plan(root: Path, choices: Choices) -> Plan:
    """A folder's name is one label, or several with `choices.separator` between. Raises InvalidInput without any."""
    files = list_files(root)
    images = [file for file in files.paths if image_suffix(file)]
    left_out = [
        LeftOut(file, "skipped", f"{file} lies in no folder that names its labels")
        for file in images
        if "/" not in file
    ]
    found = _joined(files, [file for file in images if "/" in file], choices.separator)
    labels = tuple(sorted({label for one in found for label in one.labels}))
    folders = {posixpath.dirname(file) for one in found for file in one.files}
    if not labels or len(folders) > _MOST_FOLDERS:
        raise InvalidInput(
            f"{root.name} holds {len(folders)} folders of images and {len(labels)} labels among their names; "
            "expected one folder for each label set, or a table of labels with --labels"
        )
    for one in found:
        left_out += [
            LeftOut(file, "duplicate", f"{file} is the same slice as {one.files[0]}") for file in one.files[1:]
        ]

    def items() -> Iterator[Item]:
        for one in found:
            split = None if choices.resplit else one.split
            place = InFile(f"{files.root.as_posix()}/{one.files[0]}")
            yield Item(
                one.files[0], place, tuple(int(label in one.labels) for label in labels), None, split, one.files[0]
            )

    mapping = {
        "labels": ", ".join(labels),
        "folders": ", ".join(sorted(folders)[:10]) + ("…" if len(folders) > 10 else ""),
    }
    return Plan(
        labels, len(found), items, mapping, tuple(left_out), provenance={"origin": f"imported from {root.name}"}
    )


def _joined(files: Files, images: list[str], separator: str | None) -> list[_Found]:
    """Files of one name and the same bytes, links among them, are one slice."""
    by_name: dict[str, list[str]] = {}
    for file in images:
        by_name.setdefault(posixpath.basename(file), []).append(file)
    same: dict[tuple[str, str], _Found] = {}
    for file in images:
        name = posixpath.basename(file)
        key = (name, _digest(files.root / file) if len(by_name[name]) > 1 else "")
        parts = file.split("/")
        split = split_named(parts[0]) if len(parts) > 2 else None
        one = same.setdefault(key, _Found([], split, set()))
        one.files.append(file)
        one.labels.update(label_names(parts[-2], separator))
    return list(same.values())


def _digest(path: Path) -> str:
    """Of a file's bytes, or of its own path where it cannot be read, so that it is joined with no other."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()
    except OSError:
        return str(path)
