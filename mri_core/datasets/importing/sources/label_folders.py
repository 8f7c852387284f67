"""One folder a label set: a slice has the labels that its folder is named for, and of every folder it lies in."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from mri_core.datasets.dataset import Split
from mri_core.datasets.importing.columns import label_names, split_named
from mri_core.datasets.importing.dicom_headers import is_dicom
from mri_core.datasets.importing.files import Files, image_suffix, list_files
from mri_core.datasets.importing.left_out import Listing
from mri_core.datasets.importing.places import InFile
from mri_core.datasets.importing.plan import Choices, Item, LeftOut, Plan
from mri_core.datasets.importing.table import SUFFIXES
from mri_core.datasets.importing.texts import Lookup, Texts
from mri_core.errors import InvalidInput

_MOST_FOLDERS = 200
_PIECE = 2**20


def recognises(root: Path, choices: Choices) -> bool:
    """Whether there are folders and no table. Whether their names are labels is for the preview to show."""
    if choices.table is not None or not root.is_dir():
        return False
    inside = [path for path in root.iterdir() if not path.name.startswith(".")]
    return sum(path.is_dir() for path in inside) > 1 and not any(path.suffix.lower() in SUFFIXES for path in inside)


def plan(root: Path, choices: Choices) -> Plan:
    """A folder's name is one label, or several with `choices.separator` between. Raises InvalidInput without any."""
    every = list_files(root)
    images = Texts(file for file in every.paths if image_suffix(file) or is_dicom(every.root / file))
    left_out = Listing(
        LeftOut(file, "skipped", f"{file} lies in no folder that names its labels")
        for file in images
        if "/" not in file
    )
    files = Files(every.root, (file for file in images if "/" in file))
    folders, folder_of = _folders(files)
    named = [label_names(posixpath.basename(folder), choices.separator) for folder in folders]
    labels = tuple(sorted({label for names in named for label in names}))
    if not labels or len(folders) > _MOST_FOLDERS:
        raise InvalidInput(
            f"{root.name} holds {len(folders)} folders of images and {len(labels)} labels among their names; "
            "expected one folder for each label set, or a table of labels with --labels"
        )
    truth = np.array([[label in names for label in labels] for names in named])[folder_of]
    first = _first_alike(files)
    again = np.flatnonzero(first != np.arange(len(files)))
    for place in map(int, again):
        truth[first[place]] |= truth[place]
        file, same = files.paths[place], files.paths[int(first[place])]
        left_out.append(LeftOut(file, "duplicate", f"{file} is the same slice as {same}"))
    kept = np.delete(np.arange(len(files)), again)

    def items() -> Iterator[Item]:
        for place in map(int, kept):
            file = files.paths[place]
            split = None if choices.resplit else _split(file)
            known = tuple(truth[place].astype(int).tolist())
            yield Item(file, InFile(f"{files.root.as_posix()}/{file}"), known, None, split, file)

    shown = ", ".join(sorted(folders)[:10]) + ("…" if len(folders) > 10 else "")
    mapping = {"labels": ", ".join(labels), "folders": shown}
    return Plan(labels, len(kept), items, mapping, left_out, provenance={"origin": f"imported from {root.name}"})


def _folders(files: Files) -> tuple[list[str], np.ndarray]:
    """The folders, and which of them each file lies in, (files,) int."""
    folders: dict[str, int] = {}
    places = (folders.setdefault(posixpath.dirname(file), len(folders)) for file in files.paths)
    folder_of = np.fromiter(places, int, len(files))
    return list(folders), folder_of


def _first_alike(files: Files) -> np.ndarray:
    """The first file that is the same slice, (files,) int: of the same name and bytes, links among them."""
    names = Lookup(map(posixpath.basename, files.paths))
    keys = np.empty(len(files), np.int64)
    for place, file in enumerate(files.paths):
        alone = len(list(islice(names.places(posixpath.basename(file)), 2))) == 1
        keys[place] = hash(file) if alone else _digest(files.root / file)
    _, first, alike = np.unique(keys, return_index=True, return_inverse=True)
    return first[alike]


def _digest(path: Path) -> int:
    """Of a file's name and bytes, or of its own path where it cannot be read, so that it is joined with no other."""
    hashed = hashlib.blake2b(path.name.encode(errors="surrogateescape"), digest_size=8)
    try:
        if not path.is_file():  # a pipe would be waited for
            return hash(path)
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                hashed.update(piece)
    except OSError:
        return hash(path)
    return int.from_bytes(hashed.digest(), signed=True)


def _split(file: str) -> Split | None:
    """Of the folder at the top, where that is named for one and holds the folders of labels."""
    parts = file.split("/")
    return split_named(parts[0]) if len(parts) > 2 else None
