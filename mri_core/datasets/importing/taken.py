"""What an import has taken so far, and what follows once all of it is known: patients, splits, the summary."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mri_core.datasets.dataset import SPLITS, Split
from mri_core.datasets.importing.decoder import Outcome
from mri_core.datasets.importing.plan import Item, LeftOut, Plan
from mri_core.datasets.importing.summary import Summary, prevalence
from mri_core.datasets.split import stratified_split
from mri_core.errors import InvalidInput

NO_PATIENTS = "no patient is known, so slices of one patient may be in two splits and scores too high"
_UNKNOWN = 2  # stands for a label that is neither 0 nor 1


class Taken:
    """Collects what became of a plan's items, in their order."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.tried = 0
        self.left_out: list[LeftOut] = list(plan.left_out)
        self._truth = bytearray()
        self._given: list[Split | None] = []
        self._stated: list[str | None] = []
        self._in_files: list[str | None] = []
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
            self._given.append(item.split)
            self._stated.append(item.patient)
            self._in_files.append(outcome.patient)
            self._sizes[outcome.size] += 1
            self._contents.update(repr((item.id, item.labels)).encode())
            position = outcome.position if item.position is None else item.position
            row = {"id": item.id, "patient": None, "split": None, "source": item.source, "position": position}
            rows.append(row | dict(zip(self._plan.labels, item.labels, strict=True)))
        return rows

    def nothing(self) -> str:
        """The message when no slice was taken."""
        reason = self.left_out[0].why if self.left_out else "it holds none"
        skipped = [one.why for one in self.left_out if one.reason != "file without a row"]
        return (
            f"none of the {max(self.tried, len(skipped)):,} slices could be taken; "
            f"the first: {skipped[0] if skipped else reason}"
        )

    def patients(self) -> list[str | None]:
        """The patient of every slice: as stated, else as the files say, hashed again with the data set's own salt.

        The salt follows from what the data set holds and is kept nowhere: two data sets cannot be joined by their
        patients, and the same import twice is the same.
        """
        if any(self._stated) or not any(self._in_files):
            return self._stated
        salt = self._contents.hexdigest()[:32]
        hashed = {
            one: hashlib.blake2b(one.encode(), key=salt.encode(), digest_size=6).hexdigest()
            for one in set(self._in_files)
            if one is not None
        }
        return [None if one is None else hashed[one] for one in self._in_files]

    def splits(self, patients: Sequence[str | None], fractions: Mapping[Split, float], seed: int) -> np.ndarray:
        """The split of every slice, (slices,) object of SPLITS: the source's own, else dealt by patient.

        Raises InvalidInput when a slice that would be trained or chosen on has a label that is not known.
        """
        splits = np.array(self._given, dtype=object)
        open_ = np.array([split is None for split in self._given])
        truth, known = self._labels()
        if open_.any():
            if not known[open_].all():
                raise InvalidInput(
                    f"{int((open_ & ~known).sum()):,} slices have neither all labels nor a split; expected labels "
                    "of every slice, or slices without labels in the test split"
                )
            grouped = np.array(patients, dtype=object)[open_] if any(patients) else None
            splits[open_] = stratified_split(truth[open_], grouped, fractions, seed)
        if (lacking := ~known & (splits != "test")).any():
            raise InvalidInput(
                f"{int(lacking.sum()):,} slices of train or validation lack labels; only test slices may lack them"
            )
        return splits

    def summary(
        self, source: str, patients: Sequence[str | None], splits: np.ndarray, image_shape: tuple[int, ...]
    ) -> Summary:
        truth, known = self._labels()
        return Summary(
            source=source,
            taken=self.slices,
            left_out=tuple(self.left_out),
            mapping=dict(self._plan.mapping),
            notes=(*self._plan.notes, *self._fitted(image_shape), *_unlabelled(known)),
            warnings=tuple(_warnings(patients, splits)),
            splits={split: int((splits == split).sum()) for split in SPLITS},
            prevalence=prevalence(self._plan.labels, truth, known, splits),
        )

    def _labels(self) -> tuple[np.ndarray, np.ndarray]:
        """(slices, labels) uint8 of 0 and 1, and (slices,) bool, whether all of a slice's labels are known."""
        values = np.frombuffer(bytes(self._truth), np.uint8).reshape(self.slices, len(self._plan.labels))
        return (values == 1).astype(np.uint8), (values != _UNKNOWN).all(axis=1)

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


def _warnings(patients: Sequence[str | None], splits: np.ndarray) -> list[str]:
    found = []
    if not any(patients):
        found.append(NO_PATIENTS)
    else:
        seen: dict[str, set[str]] = {}
        for patient, split in zip(patients, splits, strict=True):
            if patient is not None:
                seen.setdefault(patient, set()).add(split)
        if leaked := sum(len(parts) > 1 for parts in seen.values()):
            found.append(
                f"{leaked:,} patients are in more than one split, so scores are too high; --resplit parts them"
            )
        if without := sum(patient is None for patient in patients):
            found.append(f"{without:,} slices have no patient; each counts as a patient of its own")
    empty = [split for split in SPLITS if not (splits == split).any()]
    return found + [f"no slice is in {split}; --resplit deals all labelled slices anew" for split in empty]
