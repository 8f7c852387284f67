"""Arrays of images and labels in the MedMNIST layout: `train_images`, `train_labels`, `val_…`, `test_…`.

In one `.npz`, or as `.npy` files in a folder; without a word for the split in front, the slices are dealt. Beside them
may stand `train_patients` and so on, a number or a text for each slice. Nothing is unpickled, and what a header
declares is compared with the bytes there are before anything is allocated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mri_core.datasets.dataset import SPLITS, Split
from mri_core.datasets.importing.array_file import ArrayFile, ArrayRow, open_array
from mri_core.datasets.importing.columns import split_named
from mri_core.datasets.importing.plan import Choices, Item, Plan
from mri_core.datasets.importing.texts import Texts
from mri_core.errors import InvalidInput

_KINDS = {
    **dict.fromkeys(("image", "images", "x"), "images"),
    **dict.fromkeys(("label", "labels", "y"), "labels"),
    **dict.fromkeys(("patient", "patients", "patient_id", "patient_ids", "subject", "subjects"), "patients"),
}
_KEY = re.compile(rf"(?:(?P<split>[a-z]+)[_-])?(?P<kind>{'|'.join(_KINDS)})", re.IGNORECASE)
_MOST_LABELS = 1000
_LONGEST_PATIENT = 256
_ROWS = 50_000


def recognises(root: Path, choices: Choices) -> bool:
    """Whether this is an array file, or a folder that holds images among its array files."""
    return choices.table is None and any(kind == "images" for _, kind in _names(root))


def plan(root: Path, choices: Choices) -> Plan:
    """Raises InvalidInput for arrays whose shapes do not belong together or whose labels are not 0 and 1."""
    found = _names(root)
    splits = [split for split in (*SPLITS, None) if (split, "images") in found]
    if not splits:
        raise InvalidInput(
            f"{root.name} holds no array of images; expected names such as train_images and train_labels"
        )
    images = {split: _open(found[split, "images"]) for split in splits}
    stored = {split: _labels(found[split, "labels"], images[split]) for split in splits if (split, "labels") in found}
    for split in splits:
        if split not in stored and (split != "test" or len(splits) == 1):
            raise InvalidInput(f"{root.name} holds {split or 'slice'} images without labels; expected labels too")
    names, truth = _named(stored, root.name)
    who = {
        split: _patients(found[split, "patients"], images[split]) for split in splits if (split, "patients") in found
    }

    def items() -> Iterator[Item]:
        for split in splits:
            path, member = found[split, "images"]
            known, patients = truth.get(split), who.get(split)
            kept = None if choices.resplit and known is not None else split
            for row in range(images[split].shape[0]):
                labels = (None,) * len(names) if known is None else tuple(known[row].tolist())
                name = f"{split or 'slice'}/{row:06d}"
                patient = (patients[row] or None) if patients is not None else None
                yield Item(name, ArrayRow(str(path), member, row), labels, patient, kept, name)

    total = sum(one.shape[0] for one in images.values())
    mapping: dict[str, str] = {split or "all": f"{images[split].name}, {images[split].shape}" for split in splits}
    mapping |= {"labels": ", ".join(names)} | ({"patient": "patients"} if who else {})
    return Plan(names, total, items, mapping, provenance={"origin": f"imported from {root.name}"})


def _names(root: Path) -> dict[tuple[Split | None, str], tuple[Path, str | None]]:
    """(split, one of _KINDS' values) -> file and member. Looks at names only."""
    if root.is_dir():
        archives = sorted(root.glob("*.npz"))
        if len(archives) == 1:
            return _names(archives[0])
        entries: list[tuple[str, Path, str | None]] = [(path.stem, path, None) for path in sorted(root.glob("*.npy"))]
    elif root.suffix.lower() == ".npz":
        entries = [(name.removesuffix(".npy"), root, name) for name in ArrayFile.members(root)]
    else:
        entries = []
    found: dict[tuple[Split | None, str], tuple[Path, str | None]] = {}
    for name, path, member in entries:
        parts = _KEY.fullmatch(name)
        if parts and (parts["split"] is None or split_named(parts["split"])):
            found[split_named(parts["split"] or ""), _KINDS[parts["kind"].lower()]] = (path, member)
    return found


def _open(place: tuple[Path, str | None]) -> ArrayFile:
    found = open_array(str(place[0]), place[1])
    found.check_images()
    return found


def _labels(place: tuple[Path, str | None], images: ArrayFile) -> np.ndarray:
    """(slices, labels) int16 of whole numbers."""
    found = open_array(str(place[0]), place[1])
    shape = found.shape if len(found.shape) == 2 else (*found.shape, 1)
    if (
        len(shape) != 2
        or shape[0] != images.shape[0]
        or not 1 <= shape[1] <= _MOST_LABELS
        or found.dtype.kind not in "biuf"
    ):
        raise InvalidInput(
            f"{found.name} declares {found.dtype} {found.shape}; expected numbers, one row for each of the "
            f"{images.shape[0]:,} slices and at most {_MOST_LABELS:,} columns"
        )
    labels = np.empty(shape, np.int16)
    for start in range(0, shape[0], _ROWS):
        values = found.read_rows(start, min(_ROWS, shape[0] - start)).reshape(-1, shape[1])
        if not (values == np.rint(values)).all() or values.min(initial=0) < 0 or values.max(initial=0) >= _MOST_LABELS:
            raise InvalidInput(
                f"{found.name} holds {values.min()} to {values.max()}; expected 0 and 1, or class numbers"
            )
        labels[start : start + _ROWS] = values
    return labels


def _patients(place: tuple[Path, str | None], images: ArrayFile) -> Texts:
    found = open_array(str(place[0]), place[1])
    if found.shape not in ((images.shape[0],), (images.shape[0], 1)) or found.dtype.kind not in "iuUS":
        raise InvalidInput(
            f"{found.name} declares {found.dtype} {found.shape}; expected a whole number or a text for each of the "
            f"{images.shape[0]:,} slices"
        )
    if found.dtype.itemsize > 4 * _LONGEST_PATIENT:
        raise InvalidInput(
            f"{found.name} holds texts of more than {_LONGEST_PATIENT} letters; expected names of patients"
        )
    names = Texts()
    for start in range(0, images.shape[0], _ROWS):
        for name in found.read_rows(start, min(_ROWS, images.shape[0] - start)).ravel().tolist():
            names.append(name.decode(errors="replace") if isinstance(name, bytes) else str(name))
    return names


def _named(stored: dict[Split | None, np.ndarray], name: str) -> tuple[tuple[str, ...], dict[Split | None, np.ndarray]]:
    """Names of the labels and 0/1 of every split; a single column of class numbers becomes one label a class."""
    widths = {values.shape[1] for values in stored.values()}
    if len(widths) != 1:
        raise InvalidInput(
            f"the labels of {name} have {sorted(widths)} columns; expected the same number in every split"
        )
    most = max(int(values.max(initial=0)) for values in stored.values())
    if most <= 1:
        return tuple(f"label {i + 1}" for i in range(widths.pop())), stored
    if widths != {1}:
        raise InvalidInput(f"the labels of {name} reach {most}; expected 0 and 1 where there are several columns")
    one_hot = {split: (values == np.arange(most + 1)).astype(np.int16) for split, values in stored.items()}
    return tuple(f"class {i}" for i in range(most + 1)), one_hot
