"""Finding slices in a data set: filter, sort, page. Works on the index alone; a pixel is read when it is shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from mri_core.datasets.dataset import SPLITS, Dataset
from mri_core.errors import NotFound

Match = Literal["all", "any", "exactly"]
MATCHES: tuple[Match, ...] = get_args(Match)

SORTS: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "patient": ("patient", "position", "id"),
    "position": ("position", "id"),
}
"""Name of an order -> index columns, the deciding one first."""


@dataclass(frozen=True)
class Query:
    """Which slices, in which order; the default is all of them by id.

    labels, no_finding: the findings wanted, *no finding* counting as one more. match: a slice should have all of them,
    any of them, or exactly these and no other. Without a wanted finding, `match` says nothing.
    """

    split: str | None = None
    labels: tuple[str, ...] = ()
    no_finding: bool = False
    match: Match = "all"
    patient: str | None = None
    sort: str = "id"
    descending: bool = False


@dataclass(frozen=True)
class SliceRecord:
    """What the index says of one slice. row: its position in the index. labels: the ones that are on.

    labelled: whether all labels are known; of a test slice without them nothing is known, not even *no finding*.
    """

    row: int
    id: str
    patient: str | None
    split: str | None
    source: str | None
    position: float | None
    checksum: str
    labels: tuple[str, ...]
    labelled: bool = True


@dataclass(frozen=True)
class Intensities:
    """Intensities of one slice. counts: (256,) pixels at each intensity; a colour slice counts every channel."""

    counts: np.ndarray
    lowest: int
    mean: float
    highest: int


def find_slices(dataset: Dataset, query: Query) -> np.ndarray:
    """Positions in the index of the slices that match, in order; missing values come last.

    Raises NotFound for a split, label or order that does not exist.
    """
    facts = dataset.facts
    keep = np.ones(len(facts), dtype=bool)
    if query.split is not None:
        keep &= dataset.split_codes == SPLITS.index(_known(query.split, SPLITS, "split"))
    if query.patient is not None:
        keep &= (facts["patient"] == query.patient).to_numpy(dtype=bool, na_value=False)
    if query.labels or query.no_finding:
        keep &= _has_findings(dataset, query)
    order = dataset.in_order(SORTS[_known(query.sort, SORTS, "order")], query.descending)
    return order[keep[order]]


def page_count(found: int, per_page: int) -> int:
    """Pages that `found` slices fill, at least 1."""
    return max(1, -(-found // per_page))


def page_rows(rows: np.ndarray, page: int, per_page: int) -> np.ndarray:
    """The rows of one page, counted from 1; a page outside is the nearest there is."""
    page = min(max(page, 1), page_count(len(rows), per_page))
    return rows[(page - 1) * per_page : page * per_page]


def neighbours(rows: np.ndarray, row: int) -> tuple[int | None, int | None]:
    """The rows before and after `row` in an order; None at its ends, and twice where `row` is not in it."""
    places = np.flatnonzero(rows == row)
    if not len(places):
        return None, None
    place = int(places[0])
    before = int(rows[place - 1]) if place > 0 else None
    after = int(rows[place + 1]) if place + 1 < len(rows) else None
    return before, after


def slice_records(dataset: Dataset, rows: Sequence[int] | np.ndarray) -> list[SliceRecord]:
    """What the index says of the slices at `rows`, in their order."""
    rows = np.asarray(rows, dtype=np.int64)
    facts = dataset.facts.iloc[rows]
    facts = facts.astype(object).where(facts.notna(), None)
    return [
        SliceRecord(
            int(row),
            slice_id,
            patient,
            split,
            source,
            position,
            checksum,
            _names_on(dataset, row),
            bool(dataset.labelled[row]),
        )
        for row, (slice_id, patient, split, source, position, checksum) in zip(rows, facts.to_numpy(), strict=True)
    ]


def row_of(dataset: Dataset, slice_id: str) -> int:
    """Position in the index of the slice with this id. Raises NotFound, naming the first that exists."""
    rows = np.flatnonzero((dataset.facts["id"] == slice_id).to_numpy(dtype=bool, na_value=False))
    if not len(rows):
        raise NotFound(
            f"there is no slice '{slice_id}' in data set '{dataset.name}'; "
            f"expected an id such as {dataset.facts['id'].iloc[0]}"
        )
    return int(rows[0])


def patients(dataset: Dataset, most: int | None = None) -> list[str]:
    """The patients that the index names, sorted; at most so many, the first."""
    return dataset.patient_names.iloc[:most].tolist()


def is_patient(dataset: Dataset, name: str) -> bool:
    """Whether the index names such a patient."""
    return bool((dataset.patient_names == name).any())


def patients_like(dataset: Dataset, part: str, most: int) -> list[str]:
    """Patients with `part` in their names, in capitals or not, sorted; at most so many, the first."""
    names = dataset.patient_names
    return names[names.str.contains(part, case=False, regex=False)].iloc[:most].tolist()


def intensities(pixels: np.ndarray) -> Intensities:
    """Histogram, lowest, mean and highest intensity of a uint8 slice of any shape."""
    counts = np.bincount(pixels.ravel(), minlength=256)
    return Intensities(counts, int(pixels.min()), float(pixels.mean()), int(pixels.max()))


def spread_labelled(dataset: Dataset, count: int) -> np.ndarray:
    """Up to `count` slices that carry a label, evenly spread over the index: a few to look at, of several patients."""
    labelled = np.flatnonzero(dataset.truth.any(axis=1))
    chosen = labelled if len(labelled) else np.arange(len(dataset.truth))
    return chosen[np.unique(np.linspace(0, len(chosen) - 1, min(count, len(chosen))).round().astype(int))]


def _has_findings(dataset: Dataset, query: Query) -> np.ndarray:
    """(slices,) bool. *No finding* is one more column beside the labels, so one rule covers them all."""
    names = dataset.label_names
    wanted = {names.index(_known(name, names, "label")) for name in query.labels}
    wanted |= {len(names)} if query.no_finding else set()
    none = ~dataset.truth.any(axis=1) & dataset.labelled
    present = [*dataset.truth.T.astype(bool), none]
    chosen = [present[place] for place in wanted]
    if query.match == "any":
        return np.logical_or.reduce(chosen)
    keep = np.logical_and.reduce(chosen)
    if query.match == "exactly":
        for place in set(range(len(present))) - wanted:
            keep &= ~present[place]
    return keep


def _names_on(dataset: Dataset, row: int) -> tuple[str, ...]:
    return tuple(name for name, on in zip(dataset.label_names, dataset.truth[row], strict=True) if on)


def _known(name: str, known: Collection[str], what: str) -> str:
    if name not in known:
        raise NotFound(f"there is no {what} '{name}'; expected one of {', '.join(known)}")
    return name
