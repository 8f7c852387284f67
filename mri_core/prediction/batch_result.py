"""What a model says of a batch of files: a table with a row a slice, and which of its rows are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mri_core.prediction.answers import FileAnswer, answers_table
from mri_core.prediction.model_file import ModelDescription
from mri_core.prediction.predictor import Prediction

if TYPE_CHECKING:
    import pandas as pd

ALL, NO_FINDING, DOUBTED, DISPUTED = "all", "no finding", "with warnings", "runs disagree"
LABEL = "label: "
"""What stands before a label's name where one says which slices are shown."""


@dataclass(frozen=True, eq=False)
class BatchResult:
    """One model's answers to a batch.

    answers: of the files that could be read, a series being one. unreadable: the others, with the reason.
    table: as `answers_table` of the answers. places: (rows, 2) int; for each row of it the place of its answer and the
    number of its slice in that. concluded: (rows, labels) bool, labels as the model has them.
    """

    model: ModelDescription
    answers: tuple[FileAnswer, ...]
    unreadable: tuple[FileAnswer, ...]
    table: pd.DataFrame
    places: np.ndarray
    concluded: np.ndarray

    @property
    def files(self) -> int:
        """How many files could be read, those of a series counted one by one."""
        return sum(len(answer.sources) for answer in self.answers)

    def prediction(self, row: int) -> Prediction:
        place, number = self.places[row]
        return self.answers[place].predictions[number]

    def slice_name(self, row: int) -> str:
        """The file that a slice came from, without its folders, and the slice's number where the file has several."""
        place, number = self.places[row]
        answer = self.answers[place]
        name = answer.file_of(number).rpartition("/")[2]
        several = len(answer.predictions) > len(answer.sources)
        return f"{name}, slice {number + 1}" if several else name

    def masks(self) -> dict[str, np.ndarray]:
        """What can be shown -> (rows,) bool, the rows that are it: all, those with each label, and so on."""
        labels = {f"{LABEL}{name}": self.concluded[:, place] for place, name in enumerate(self.model.labels)}
        return {
            ALL: np.ones(len(self.table), bool),
            **labels,
            NO_FINDING: ~self.concluded.any(axis=1),
            DOUBTED: self.table["warnings"].to_numpy() != "",
        }

    def sorted(self, mask: np.ndarray, label: str | None) -> np.ndarray:
        """The rows where `mask` holds, as they came, or by the probability of a label, the highest first."""
        rows = np.flatnonzero(mask)
        if label is None:
            return rows
        return rows[np.argsort(-self.table[f"probability {label}"].to_numpy()[rows], kind="stable")]


def result_of(model: ModelDescription, answers: Sequence[FileAnswer]) -> BatchResult:
    """answers: of any order, which is kept."""
    read = tuple(answer for answer in answers if answer.error is None)
    table = answers_table(read, model)
    places = [(place, number) for place, answer in enumerate(read) for number in range(len(answer.predictions))]
    concluded = [table[f"concluded {label}"].to_numpy(bool) for label in model.labels]
    return BatchResult(
        model=model,
        answers=read,
        unreadable=tuple(answer for answer in answers if answer.error is not None),
        table=table,
        places=np.array(places, int).reshape(-1, 2),
        concluded=np.stack(concluded, axis=1),
    )


def conclusions(first: BatchResult, other: BatchResult) -> list[str | None]:
    """For each row of the first result what another model concludes of the same slice of the same file.

    Labels joined by "; ", "" for no finding; None where the other did not answer that slice.
    """
    known = dict(zip(_keys(other), other.table["labels"], strict=True))
    return [known.get(key) for key in _keys(first)]


def disputed(first: BatchResult, others: Sequence[BatchResult]) -> np.ndarray:
    """(rows,) bool: the slices of which another model concludes something else."""
    found = np.zeros(len(first.table), bool)
    for other in others:
        theirs = conclusions(first, other)
        found |= [said is not None and said != own for own, said in zip(first.table["labels"], theirs, strict=True)]
    return found


def same_answer(result: BatchResult, place: int, other: BatchResult) -> FileAnswer | None:
    """What another model says of the same file or series; None where it has no answer to it."""
    sources = set(result.answers[place].sources)
    return next((answer for answer in other.answers if sources & set(answer.sources)), None)


def _keys(result: BatchResult) -> list[tuple[tuple[int, ...], int]]:
    """What says which slice a row is of, for every model."""
    keys = []
    for answer in result.answers:
        merged = len(answer.sources) > 1
        for number in range(len(answer.predictions)):
            keys.append((answer.sources[number].place, 0) if merged else (answer.sources[0].place, number))
    return keys
