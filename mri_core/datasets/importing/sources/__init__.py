"""Kinds of places that can be imported, one a module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mri_core.datasets.importing.plan import Choices, Plan
from mri_core.datasets.importing.sources import (
    arrays,
    dicom_series,
    images_and_table,
    label_folders,
    split_folders,
    volumes,
)
from mri_core.errors import InvalidInput


@dataclass(frozen=True)
class Source:
    """recognises: whether a place is of this kind; it looks at names only. plan: what there is to import."""

    summary: str
    recognises: Callable[[Path, Choices], bool]
    plan: Callable[[Path, Choices], Plan]


SOURCES: dict[str, Source] = {
    "arrays": Source("arrays of images and labels (.npz, .npy)", arrays.recognises, arrays.plan),
    "splits": Source("a folder and a table for each split", split_folders.recognises, split_folders.plan),
    "dicom": Source("DICOM series and a table of labels", dicom_series.recognises, dicom_series.plan),
    "volumes": Source("NIfTI volumes with masks or a table", volumes.recognises, volumes.plan),
    "table": Source("a folder of images and a table of labels", images_and_table.recognises, images_and_table.plan),
    "folders": Source("a folder for each label set", label_folders.recognises, label_folders.plan),
}
"""Name -> kind, asked in this order."""


def find_source(root: Path, choices: Choices) -> str:
    """The name of the first source that recognises the place. Raises InvalidInput when none does."""
    if not root.exists():
        raise InvalidInput(f"{root} is not a folder or a file; expected the place that holds the images")
    for name, source in SOURCES.items():
        if source.recognises(root, choices):
            return name
    known = "; ".join(source.summary for source in SOURCES.values())
    raise InvalidInput(f"{root} is not recognised; expected {known}. Name the table of labels with --labels")
