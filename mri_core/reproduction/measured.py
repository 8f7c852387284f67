"""What the runs of a configuration are worth, beside what the study reports of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from mri_core.evaluation import METRICS, load_predictions, predicted_labels
from mri_core.evaluation.averages import overall
from mri_core.evaluation.checks import checked_scores
from mri_core.reproduction.study import LABELS, Reported, Scores
from mri_core.runs.run import Run

SCORES = ("precision", "recall", "f1")
THRESHOLD = 0.5


@dataclass(frozen=True)
class SeedScores:
    """One run on validation at THRESHOLD. labels: (precision, recall, F1) of each label, NaN where undefined;
    averages: the same, by the average's name."""

    labels: tuple[Scores, ...]
    averages: dict[str, Scores]

    def f1(self, label: int | None) -> float:
        """Of a label, counted from 0, or the micro-F1."""
        return self.averages["micro"][2] if label is None else self.labels[label][2]


@dataclass(frozen=True)
class Measured:
    """A score over seeds. mean: NaN when a seed's is undefined. spread: their standard deviation, NaN for one seed.

    study: the study's figure, None where it has none.
    """

    mean: float
    spread: float
    study: float | None

    @property
    def difference(self) -> float | None:
        return None if self.study is None or math.isnan(self.mean) else self.mean - self.study


@dataclass(frozen=True)
class Row:
    """A label or an average. name: as in `Evaluation`. scores: precision, recall and F1."""

    name: str
    is_label: bool
    scores: tuple[Measured, Measured, Measured]


def seed_scores(run: Run) -> SeedScores:
    """Judge the stored validation probabilities of an ended run at THRESHOLD, the study's.

    Raises NotFound or StorageError when they cannot be read.
    """
    return _seed_scores(run.folder)


@lru_cache(maxsize=1024)  # what an ended run has predicted never changes
def _seed_scores(folder: Path) -> SeedScores:
    stored = load_predictions(folder, "validation")
    truth, probabilities = checked_scores(stored.truth, stored.probabilities)
    thresholds = np.full(truth.shape[1], THRESHOLD)
    averages = overall(truth, predicted_labels(probabilities, thresholds)).averages
    return SeedScores(
        labels=tuple(zip(*(METRICS[name](truth, probabilities, thresholds).tolist() for name in SCORES), strict=True)),
        averages={name: (each.precision, each.recall, each.f1) for name, each in averages.items()},
    )


def measured_rows(seeds: Sequence[SeedScores], label_names: Sequence[str], reported: Reported | None) -> list[Row]:
    """Every label, then every average: mean and spread over seeds, of which there is at least one.

    The study's figures of labels are taken by position, and only for as many labels as it has.
    """
    reported = reported or Reported("")
    figures: Sequence[Scores | None] = reported.labels if len(label_names) == LABELS and reported.labels else ()
    padded = [*figures, *[None] * (len(label_names) - len(figures))]
    labels = [
        Row(name, True, _measured([seed.labels[i] for seed in seeds], padded[i])) for i, name in enumerate(label_names)
    ]
    known = dict(reported.averages)
    averages = [
        Row(name, False, _measured([seed.averages[name] for seed in seeds], known.get(name)))
        for name in seeds[0].averages
    ]
    return labels + averages


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """The mean, and the standard deviation (NaN for a single value)."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _measured(values: Sequence[Scores], study: Scores | None) -> tuple[Measured, Measured, Measured]:
    precision, recall, f1 = (
        Measured(*mean_and_spread(column), None if study is None else study[i])
        for i, column in enumerate(zip(*values, strict=True))
    )
    return precision, recall, f1
