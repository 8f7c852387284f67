"""What an import has taken so far, and what follows once all of it is known: patients, splits, the summary."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mri_core.datasets.dataset import SPLITS, Split
from mri_core.datasets.importing.left_out import Listing
from mri_core.datasets.importing.messages import Outcome
from mri_core.datasets.importing.plan import Item, LeftOut, Plan
from mri_core.datasets.importing.summary import Summary, prevalence
from mri_core.datasets.importing.texts import printable
from mri_core.datasets.split import stratified_split
from mri_core.errors import InvalidInput

NO_PATIENTS = "no patient is known, so slices of one patient may be in two splits and scores too high"
_UNKNOWN = 2  # stands for a label that is neither 0 nor 1
_OPEN = len(SPLITS)  # for a split that is yet to be dealt
_NOBODY = -1  # for a patient that is not known; no hash is -1


class Taken:
    """Collects what became of a plan's items, in their order: some tens of bytes a slice, however many there are."""

    def __init__(self, plan: Plan) -> None:
        self._labels_of, self._mapping, self._notes = plan.labels, dict(plan.mapping), plan.notes
        self.tried = 0
        self.left_out = Listing(plan.left_out)
        self._truth = bytearray()
        self._given = bytearray()
        self._stated = array("q")  # a hash of the patient's name, which itself is in the index
        self._in_files = array("q")
        self._hashes: dict[str, int] = {}
        self._burned_in = 0
        self._sizes: Counter[tuple[int, int]] = Counter()
        self._contents = hashlib.sha256()

    @property
    def slices(self) -> int:
        return len(self._given)

    def rows(self, items: Sequence[Item], outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
        """Index rows of the items that could be read; the others are left out with their reason."""
        rows = []
        for item, outcome in zip(items, outcomes, strict=True):
            self.tried += 1
            if isinstance(outcome, str):
                self.left_out.append(LeftOut(item.source, "skipped", outcome))
                continue
            self._truth.extend(_UNKNOWN if label is None else label for label in item.labels)
            self._given.append(_OPEN if item.split is None else SPLITS.index(item.split))
            self._stated.append(_NOBODY if item.patient is None else hash(item.patient))
            self._in_files.append(
                _NOBODY if outcome.patient is None else self._hashes.setdefault(outcome.patient, len(self._hashes))
            )
            self._sizes[outcome.size] += 1
            self._burned_in += outcome.burned_in
            self._contents.update(repr((item.id, item.labels)).encode(errors="replace"))
            rows.append(
                {
                    "id": printable(item.id),
                    "patient": item.patient,
                    "split": item.split,
                    "source": printable(item.source),
                    "position": outcome.position if item.position is None else item.position,
                    **dict(zip(self._labels_of, item.labels, strict=True)),
                }
            )
        return rows

    def nothing(self) -> str:
        """The message when no slice was taken."""
        reason = self.left_out[0].why if self.left_out else "it holds none"
        skipped = [one.why for one in self.left_out if one.reason != "file without a row"]
        return (
            f"none of the {max(self.tried, len(skipped)):,} slices could be taken; "
            f"the first: {skipped[0] if skipped else reason}"
        )

    def hashed_patients(self) -> list[str | None] | None:
        """The patient of every slice as the files say, hashed again with the data set's own salt; None when patients
        are stated, which then stand in the rows, or no file says one.

        The salt follows from what the data set holds and is kept nowhere: two data sets cannot be joined by their
        patients, and the same import twice is the same.
        """
        if self._patients_stated() or not self._hashes:
            return None
        salt = self._contents.hexdigest()[:32]
        hashed = [hashlib.blake2b(one.encode(), key=salt.encode(), digest_size=6).hexdigest() for one in self._hashes]
        return [None if one == _NOBODY else hashed[one] for one in self._in_files]

    def splits(self, fractions: Mapping[Split, float], seed: int) -> np.ndarray:
        """The split of every slice, (slices,) object of SPLITS: the source's own, else dealt by patient.

        Raises InvalidInput when a slice that would be trained or chosen on has a label that is not known.
        """
        splits = np.array([*SPLITS, None], dtype=object)[np.frombuffer(self._given, np.uint8)]
        open_ = np.frombuffer(self._given, np.uint8) == _OPEN
        truth, known = self._labels()
        if open_.any():
            if not known[open_].all():
                raise InvalidInput(
                    f"{int((open_ & ~known).sum()):,} slices have neither all labels nor a split; expected labels "
                    "of every slice, or slices without labels in the test split"
                )
            patients = self._patients()
            grouped = np.where(patients < 0, np.nan, patients)[open_] if (patients >= 0).any() else None
            dealt = stratified_split(truth[open_], grouped, fractions, seed)
            for split in SPLITS:  # one object each, not one a slice
                splits[np.flatnonzero(open_)[dealt == split]] = split
        if (lacking := ~known & (splits != "test")).any():
            raise InvalidInput(
                f"{int(lacking.sum()):,} slices of train or validation lack labels; only test slices may lack them"
            )
        return splits

    def summary(self, source: str, splits: np.ndarray, image_shape: tuple[int, ...]) -> Summary:
        truth, known = self._labels()
        return Summary(
            source=source,
            taken=self.slices,
            left_out=self.left_out,
            mapping=self._mapping,
            notes=(*self._notes, *self._fitted(image_shape), *_unlabelled(known)),
            warnings=(*_warnings(self._patients(), splits), *_written_on(self._burned_in)),
            splits={split: int((splits == split).sum()) for split in SPLITS},
            prevalence=prevalence(self._labels_of, truth, known, splits),
        )

    def _patients_stated(self) -> bool:
        return any(one != _NOBODY for one in self._stated)

    def _patients(self) -> np.ndarray:
        """The patient of every slice as a number from 0, in the order they come in, (slices,) int; -1 for unknown."""
        import pandas as pd

        keys = np.frombuffer(self._stated if self._patients_stated() else self._in_files, np.int64)
        codes = np.full(len(keys), -1)
        codes[keys != _NOBODY] = pd.factorize(keys[keys != _NOBODY])[0]
        return codes

    def _labels(self) -> tuple[np.ndarray, np.ndarray]:
        """(slices, labels) uint8 of 0 and 1, and (slices,) bool, whether all of a slice's labels are known."""
        values = np.frombuffer(self._truth, np.uint8).reshape(self.slices, len(self._labels_of))
        return (values == 1).astype(np.uint8), (values != _UNKNOWN).all(axis=1)

    def size_ranges(self) -> list[list[int]]:
        """Least and most height, least and most width, of the slices before they were fitted."""
        return [[min(sides), max(sides)] for sides in zip(*self._sizes, strict=True)]

    def _fitted(self, image_shape: tuple[int, ...]) -> list[str]:
        others = {size: count for size, count in self._sizes.items() if size != image_shape[:2]}
        if not others:
            return []
        common = ", ".join(f"{wide}×{tall}" for (tall, wide), _ in Counter(others).most_common(3))
        more = f" and {len(others) - 3} other sizes" if len(others) > 3 else ""
        return [
            f"{sum(others.values()):,} slices measure {common}{more} and were fitted to "
            f"{image_shape[1]}×{image_shape[0]} pixels, width first"
        ]


def _unlabelled(known: np.ndarray) -> list[str]:
    missing = int((~known).sum())
    return [f"{missing:,} test slices have no labels; they are kept and never judged on"] if missing else []


def _written_on(slices: int) -> list[str]:
    if not slices:
        return []
    return [
        f"{slices:,} slices are of files that say text is burned into their pixels, which may name the patient; "
        "look at them before anyone else does"
    ]


def _warnings(patients: np.ndarray, splits: np.ndarray) -> list[str]:
    found = []
    known = patients >= 0
    if not known.any():
        found.append(NO_PATIENTS)
    else:
        in_split = [np.bincount(patients[known & (splits == split)], minlength=patients.max() + 1) for split in SPLITS]
        if leaked := int((np.count_nonzero(in_split, axis=0) > 1).sum()):
            found.append(
                f"{leaked:,} patients are in more than one split, so scores are too high; --resplit parts them"
            )
        if without := int((~known).sum()):
            found.append(f"{without:,} slices have no patient; each counts as a patient of its own")
    empty = [split for split in SPLITS if not (splits == split).any()]
    return found + [f"no slice is in {split}; --resplit deals all labelled slices anew" for split in empty]
