"""Suspected label errors of a data set, by what networks say of slices that they never learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mri_core import words
from mri_core.datasets.dataset import Dataset
from mri_core.errors import NotFound
from mri_core.evaluation.label_errors import Doubts, find_doubts
from mri_core.prediction.out_of_fold import OutOfFold, out_of_fold
from mri_core.quality.finding import Finding, counted
from mri_core.runs.run import Run

NAME = "label-errors"


@dataclass(frozen=True)
class Suspect:
    """A slice with a label that is probably wrong.

    row: in the data set's index. labels: those it is given. probabilities: of every label, by the networks, in [0, 1].
    doubted: label whose being given, or not, is doubted -> its quality, the least first: the probability that it is
    right, by the networks and by the other labels that the slice is given.
    """

    row: int
    id: str
    patient: str | None
    split: str
    labels: tuple[str, ...]
    doubted: dict[str, float]
    probabilities: dict[str, float]

    @property
    def labels_in_words(self) -> str:
        return " + ".join(self.labels) or "no finding"

    @property
    def why(self) -> str:
        """`label 2 given, quality 0.031; label 3 not given, quality 0.016`."""
        return "; ".join(
            f"{name} {'given' if name in self.labels else 'not given'}, quality {words.score(quality)}"
            for name, quality in self.doubted.items()
        )


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """What runs dispute of a data set's labels.

    truth: (n, labels) uint8, of the slices that `judged` covers. facts: id, patient and split of the suspects, by their
    place among those.
    Wherever a label is asked for, None stands for any; NotFound is raised for one the data set does not have.
    """

    dataset: Dataset
    runs: tuple[Run, ...]
    judged: OutOfFold
    truth: np.ndarray
    doubts: Doubts
    facts: pd.DataFrame

    @property
    def covered(self) -> str:
        """`8,000 of 20,000 slices`, those that are judged."""
        return f"{words.count(len(self.judged.rows))} of {counted(self.dataset.header.slices, 'slices')}"

    def ranked(self, label: str | None = None) -> np.ndarray:
        """Places of the suspects among the judged slices, the surest first."""
        names = self.dataset.label_names
        if label is not None and label not in names:
            raise NotFound(f"the data set has no label '{label}'; expected one of {', '.join(names)}")
        return self.doubts.ranked(None if label is None else names.index(label))

    def suspects(self, places: Sequence[int] | np.ndarray) -> list[Suspect]:
        """What is known of the slices at some places, in their order."""
        names = self.dataset.label_names
        found = []
        for place, (slice_id, patient, split) in zip(
            places, self.facts.loc[np.asarray(places, dtype=np.int64)].to_numpy(), strict=True
        ):
            doubted = self.doubts.of_slice(int(place))
            quality = self.doubts.quality[place, doubted]
            found.append(
                Suspect(
                    row=int(self.judged.rows[place]),
                    id=slice_id,
                    patient=patient if isinstance(patient, str) else None,
                    split=split,
                    labels=tuple(name for name, on in zip(names, self.truth[place], strict=True) if on),
                    doubted={names[column]: float(one) for column, one in zip(doubted, quality, strict=True)},
                    probabilities=dict(zip(names, self.judged.probabilities[place].tolist(), strict=True)),
                )
            )
        return found

    def place_of(self, slice_id: str | None) -> int:
        """The place of a suspect. Raises NotFound for a slice that is none."""
        places = self.facts.index[self.facts["id"] == slice_id]
        if not len(places):
            raise NotFound(f"no label of slice '{slice_id}' is in doubt here; choose one of the slices shown")
        return int(places[0])

    def table(self, label: str | None = None) -> pd.DataFrame:
        """One row a suspect, the surest first: what a person needs to look at it and correct the labels elsewhere."""
        return pd.DataFrame(
            [
                {
                    "id": one.id,
                    "patient": one.patient,
                    "split": one.split,
                    "given": one.labels_in_words,
                    "doubted": " + ".join(one.doubted),
                    "quality": min(one.doubted.values()),
                    **{f"probability/{name}": value for name, value in one.probabilities.items()},
                }
                for one in self.suspects(self.ranked(label))
            ]
        )

    def findings(self, label: str | None = None, most: int | None = None) -> tuple[Finding, ...]:
        """The suspects as a finding, whose slices can be left out; none where there are none. most: the surest only."""
        places = self.ranked(label)[:most]
        if not len(places):
            return ()
        rows, suspects = self.judged.rows[places], self.suspects(places)
        networks = counted(len(self.runs), "networks")
        finding = Finding(
            name=NAME,
            title="Suspected label errors",
            severity="warning",
            count=len(rows),
            of="slices",
            summary=f"{counted(len(rows), 'slices')} with a label that is probably wrong, by the word of networks "
            "that never learnt from the slice and by its other labels. "
            f"Judged were {self.covered}, by {networks}.",
            meaning="In training a wrong label teaches what is not so; in validation and test it counts right answers "
            "as errors, and scores come out too low. Leaving out slices on which only the networks are wrong makes "
            "scores look better than they are.",
            advice="Look at the first ones, the surest. Correct the labels that are wrong in your table and import "
            "again, or leave out the slices you would not trust. Further down the networks are more often wrong.",
            rows=rows,
            notes=tuple(one.why for one in suspects),
            excluded=np.sort(rows),
            table=tuple(self._counts(places)),
        )
        return (finding,)

    def _counts(self, places: np.ndarray) -> list[dict[str, object]]:
        doubted, given = self.doubts.doubted[places], self.truth[places] == 1
        return [
            {"label": name, "doubted_given": int((out & on).sum()), "doubted_not_given": int((out & ~on).sum())}
            for name, out, on in zip(self.dataset.label_names, doubted.T, given.T, strict=True)
        ]


def find_label_errors(runs: Sequence[Run], dataset: Dataset) -> LabelErrors:
    """Judge the labels of a data set by runs on it. Raises as `out_of_fold` and `find_doubts`."""
    judged = out_of_fold(runs, dataset)
    truth = dataset.truth[judged.rows]
    doubts = find_doubts(truth, judged.probabilities)
    suspects = np.flatnonzero(doubts.doubted.any(axis=1))
    facts = dataset.columns("id", "patient", "split").iloc[judged.rows[suspects]].astype(object)
    return LabelErrors(dataset, tuple(runs), judged, truth, doubts, facts.set_axis(suspects))
