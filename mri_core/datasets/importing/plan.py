"""What a source turns a place on disk into: a lazy plan of items, and what could not be matched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from mri_core.images.preprocessing import STANDARD, Preprocessing
from mri_core.images.slice import Slice

if TYPE_CHECKING:  # a decoding process comes by here, and goes without pandas
    from mri_core.datasets.dataset import Split

Reason = Literal["skipped", "row without a file", "file without a row", "duplicate", "conflicting duplicate"]


class Place(Protocol):
    """Where one slice is, a frozen dataclass of texts and numbers. It travels to a decoding process, so its module
    imports little, and messages.PLACES lists it."""

    @property
    def path(self) -> str:
        """The file it is in."""
        ...

    def read(self, preprocessing: Preprocessing) -> Slice:
        """The slice. Raises ImageError, naming the file."""
        ...


@dataclass(frozen=True)
class Item:
    """One slice to be. labels: in the plan's order, 1, 0 or None for unknown. position: None leaves it to the file."""

    id: str
    place: Place
    labels: tuple[int | None, ...]
    patient: str | None = None
    split: Split | None = None
    source: str = ""
    position: float | None = None


@dataclass(frozen=True)
class LeftOut:
    """A file, row or slice that is not in the data set, and why."""

    what: str
    reason: Reason
    why: str


@dataclass(frozen=True)
class Choices:
    """What a user says of a source; whatever is left at its default is found.

    table: the table of labels. The columns are names in it. labels_in: a column of label names, which stand apart by
    `separator` (";", "|", "," or " "; found among the first three when None).
    slices: of a volume, the first that is taken and the first that is not, counted from 0. mask_pixels: a label is on
    where its part of a mask covers at least so many pixels of a slice.
    resplit: forget the split that the source has. preprocessing: how files become slices, then and at prediction.
    """

    table: Path | None = None
    file_column: str | None = None
    patient_column: str | None = None
    split_column: str | None = None
    label_columns: tuple[str, ...] = ()
    labels_in: str | None = None
    separator: str | None = None
    resplit: bool = False
    slices: tuple[int, int] | None = None
    mask_pixels: int = 1
    preprocessing: Preprocessing = STANDARD


@dataclass(frozen=True)
class Plan:
    """What an import would take.

    labels: names, in the order of every item's. total: how many items there are. items: makes them anew at each call.
    mapping: what -> where it was found, for people. provenance: what dataset.json keeps of the source.
    at_once: files that may be decoded at the same time; one where a file is a whole volume, for the sake of memory.
    """

    labels: tuple[str, ...]
    total: int
    items: Callable[[], Iterator[Item]]
    mapping: Mapping[str, str]
    left_out: Sequence[LeftOut] = ()
    notes: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    at_once: int = 2
