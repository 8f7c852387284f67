"""Scores as tables: each with its interval in smaller type, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable

from mri_core import words
from mri_core.charts.score_tables import (
    BASELINE_SCORES,
    PATIENT_RULES,
    RANKING_SCORES,
    STRATA_SCORES,
    WHOLE_SLICE_SCORES,
    why_undefined,
)
from mri_core.documents.parts import Cell, Column, Table, Value
from mri_core.evaluation.judgement import Judged, Judgement
from mri_core.evaluation.paths import Path
from mri_core.evaluation.prevalence import Baseline
from mri_core.evaluation.table import AVERAGE_ROWS

NONE = "—"
_CLASSIC = {"precision": "Precision", "recall": "Recall", "f1": "F1"}


def classification_table(judged: Judged) -> Table:
    """The study's table: precision, recall, F1 and support of every label, then the averages."""
    evaluation = judged.evaluation
    support = dict(zip(evaluation.label_names, evaluation.counts.support.tolist(), strict=True))
    rows = [(name, ("labels", name), positives) for name, positives in support.items()]
    rows += [(AVERAGE_ROWS[name], ("averages", name), sum(support.values())) for name in evaluation.overall.averages]
    return Table(
        (Column(""), *_numeric(_CLASSIC.values()), Column("Support", numeric=True)),
        tuple(
            (title, *(score_cell(judged, (*path, score)) for score in _CLASSIC), words.count(positives))
            for title, path, positives in rows
        ),
        "At the model's thresholds",
    )


def ranking_table(judged: Judged) -> Table:
    """What the probabilities of every label are worth at no threshold in particular, and the mean over labels."""
    rows: list[tuple[str, Path]] = [(name, ("labels", name)) for name in judged.evaluation.label_names]
    return Table(
        (Column(""), *_numeric(RANKING_SCORES.values())),
        tuple(
            (title, *(score_cell(judged, (*path, score)) for score in RANKING_SCORES))
            for title, path in [*rows, ("mean", ("macro",))]
        ),
        "Of the probabilities, without a threshold",
    )


def baselines_table(judgement: Judgement) -> Table:
    """The run's scores beside those of answers that never look at a slice."""
    scores = {**BASELINE_SCORES, **WHOLE_SLICE_SCORES}
    return Table(
        (Column(""), *_numeric(["This run", *(name.capitalize() for name in judgement.baselines)])),
        tuple(
            (
                title,
                score_cell(judgement.slices, path),
                *(_baseline_cell(judgement, baseline, path) for baseline in judgement.baselines.values()),
            )
            for title, path in scores.items()
            if path in judgement.slices.intervals.scores
        ),
        "Beside answers that never look at a slice",
    )


def strata_table(judgement: Judgement) -> Table:
    """The same scores over all slices, those that carry a label, and patients in place of slices."""
    strata = {"All slices": judgement.slices, "Slices with a label": judgement.labelled_only}
    strata |= {PATIENT_RULES[rule]: judged for rule, judged in judgement.patients.items()}
    return Table(
        (Column(""), Column("Number", numeric=True), *_numeric(STRATA_SCORES)),
        tuple(
            (
                name,
                words.count(judged.evaluation.counts.slices),
                *(
                    # Among slices that all carry a label there is no finding to find.
                    NONE if judged is judgement.labelled_only and path[0] == "no_finding" else score_cell(judged, path)
                    for path in STRATA_SCORES.values()
                ),
            )
            for name, judged in strata.items()
            if judged is not None
        ),
        "On whom",
    )


def score_cell(judged: Judged, path: Path) -> Cell:
    """`0.882 (0.871–0.893)`, or why the score or its interval is undefined."""
    found = judged.intervals.scores[path]
    if math.isnan(found.value):
        return _undefined(judged, path)
    interval = f"interval {found.reason}" if found.reason else f"({found.low:.3f}–{found.high:.3f})"
    return Value(words.score(found.value), interval)


def _undefined(judged: Judged, path: Path) -> Value:
    undefined, _, reason = why_undefined(judged, path).partition(" ")
    return Value(undefined, reason)


def _baseline_cell(judgement: Judgement, baseline: Baseline, path: Path) -> Cell:
    if path not in baseline:
        return NONE
    return _undefined(judgement.slices, path) if math.isnan(baseline[path]) else words.score(baseline[path])


def _numeric(titles: Iterable[str]) -> list[Column]:
    return [Column(title, numeric=True) for title in titles]
