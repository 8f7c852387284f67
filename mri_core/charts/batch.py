"""A batch of answers as the table that is shown and saved, and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mri_core import words
from mri_core.charts.failure_tables import set_name
from mri_core.prediction.answers import FileAnswer
from mri_core.prediction.batch_job import Progress
from mri_core.prediction.batch_result import BatchResult, conclusions

if TYPE_CHECKING:
    import pandas as pd

    from mri_core.prediction.predictor import Prediction

_BY = "concluded by "
"""What stands before a run's name above the column of what it concludes."""


def shown_rows(result: BatchResult, rows: np.ndarray, others: Mapping[str, BatchResult]) -> pd.DataFrame:
    """Rows of a batch's table, in this order, and beside them what other runs conclude. others: by the run's name."""
    table = result.table.iloc[rows]
    for name, other in others.items():
        theirs = conclusions(result, other)
        table = table.assign(**{f"{_BY}{name}": [_told(theirs[row]) for row in rows]})
    return table


def as_displayed(table: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """The columns of `shown_rows` to look at: without what is the same in every row, or not known of any."""
    several = len(table) and table["slice"].any()
    where = ["file", *(["slice"] if several else []), *(["position"] if table["position"].notna().any() else [])]
    own = [f"probability {label}" for label in labels]
    said = ["concluded", *(str(name) for name in table if str(name).startswith(_BY))]
    table = table.assign(concluded=[_told(one) for one in table["labels"]])
    return table[[*where, *own, *said, *(["warnings"] if table["warnings"].any() else [])]]


def saved_as_parquet(table: pd.DataFrame) -> bytes:
    """A table as the contents of a Parquet file."""
    return table.to_parquet(index=False)


def unreadable_table(answers: Sequence[FileAnswer]) -> pd.DataFrame:
    """One row for each file that could not be read: its name, and why."""
    import pandas as pd

    return pd.DataFrame({"file": [one.file for one in answers], "why": [one.error for one in answers]})


def in_short(prediction: Prediction, label: str | None) -> tuple[str, str]:
    """What is concluded of a slice, and the probability of a label, of the most probable one when None."""
    named = label or max(prediction.probabilities, key=lambda name: prediction.probabilities[name])
    return set_name(prediction.labels), f"{words.score(prediction.probabilities[named])} {named}"


def progress_in_words(progress: Progress) -> str:
    """How far a batch is, how fast, and how long it will take."""
    left = progress.seconds_left
    told = [f"{words.count(progress.files)} of {words.count(progress.expected)} files"]
    if progress.slices:
        told.append(f"{words.count(progress.slices)} slices, {words.count(round(progress.slices_a_second))} a second")
    told.append("estimating the time left" if left is None else f"{words.duration(left)} left")
    return " · ".join(told)


def _told(labels: str | None) -> str:
    if labels is None:
        return "not answered"
    return labels or "no finding"
