"""Findings as a page and a table show them: the slices concerned with what the index says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mri_core import words
from mri_core.datasets.dataset import Dataset
from mri_core.quality.finding import Finding, counted, labels_of

TITLES = {
    "patient": "Patient",
    "label": "Label",
    "split": "Split",
    "train": "Train",
    "validation": "Validation",
    "test": "Test",
    "p_value": "p, Holm-adjusted",
    "missing": "Slices without a value",
    "occurs": "Occurs",
    "slices": "Slices",
    "with": "Slices with it",
    "without": "Slices without it",
    "training_slices": "Training slices",
    "with_parent": "That carry the parent too",
    "doubted_given": "Given, but doubted",
    "doubted_not_given": "Not given, but suspected",
}
"""Keys of a finding's table -> titles of columns."""


@dataclass(frozen=True)
class ExampleSlice:
    """labels: those that are on; None when some value is missing. excluded: whether a version without it lacks it."""

    row: int
    id: str
    patient: str | None
    split: str | None
    labels: tuple[str, ...] | None
    excluded: bool

    @property
    def labels_in_words(self) -> str:
        return "labels missing" if self.labels is None else " + ".join(self.labels) or "no finding"


@dataclass(frozen=True)
class Example:
    """One slice or a pair, and why it is shown ("" where the finding says it all)."""

    slices: tuple[ExampleSlice, ...]
    note: str


def examples(dataset: Dataset, finding: Finding, places: Sequence[int] | np.ndarray) -> list[Example]:
    """The pairs, or else the slices, at some places of a finding."""
    places = np.asarray(places, dtype=np.int64)
    groups = finding.pairs[places] if len(finding.pairs) else finding.rows[places][:, np.newaxis]
    shown = iter(_slices(dataset, finding, groups.ravel()))
    notes = finding.notes or ("",) * finding.shown
    return [Example(tuple(next(shown) for _ in range(groups.shape[1])), notes[place]) for place in places.tolist()]


def _slices(dataset: Dataset, finding: Finding, rows: np.ndarray) -> list[ExampleSlice]:
    facts = dataset.columns("id", "patient", "split").iloc[rows].astype(object)
    facts = facts.where(facts.notna(), None)
    labels, excluded = labels_of(dataset)[rows], np.isin(rows, finding.excluded)
    names = dataset.label_names
    return [
        ExampleSlice(
            int(row),
            slice_id,
            patient,
            split,
            None if np.isnan(values).any() else tuple(name for name, on in zip(names, values, strict=True) if on),
            bool(out),
        )
        for row, (slice_id, patient, split), values, out in zip(rows, facts.to_numpy(), labels, excluded, strict=True)
    ]


def slices_table(dataset: Dataset, findings: Sequence[Finding]) -> pd.DataFrame:
    """One line a slice of every finding, the two of a pair under one number; a finding without slices has one line."""
    columns = ["finding", "severity", "pair", "id", "patient", "split", "labels", "why", "left_out"]
    lines: list[dict[str, Any]] = []
    for finding in findings:
        same = {"finding": finding.name, "severity": finding.severity}
        if not finding.shown:
            lines.append(same | {"why": finding.summary})
        for number, example in enumerate(examples(dataset, finding, range(finding.shown)), start=1):
            lines += [
                same
                | {"pair": number if len(example.slices) > 1 else None, "id": one.id, "patient": one.patient}
                | {"split": one.split, "labels": one.labels_in_words, "why": example.note}
                | {"left_out": "yes" if one.excluded else "no"}
                for one in example.slices
            ]
    return pd.DataFrame(lines, columns=columns).astype({"pair": "Int64"})


def summary_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """One line a finding, as a person reads it."""
    lines = [
        {
            "Severity": finding.severity.capitalize(),
            "Finding": finding.title,
            "How many": counted(finding.count, finding.of),
            "Can be left out": counted(len(finding.excluded), "slices") if len(finding.excluded) else "–",
        }
        for finding in findings
    ]
    return pd.DataFrame(lines)


def numbers_table(finding: Finding) -> pd.DataFrame | None:
    """The numbers behind a finding as a person reads them, nested labels indented; None where there are none."""
    if not finding.table:
        return None
    return pd.DataFrame(
        [
            {TITLES[key]: _cell(key, value, line) for key, value in line.items() if key != "depth"}
            for line in finding.table
        ]
    )


def _cell(key: str, value: Any, line: Any) -> str:
    if value is None:
        return "–"
    if key == "p_value":
        return f"{value:.3f}" if value >= 0.001 else "below 0.001"
    if isinstance(value, float):
        return words.percent(value)
    if isinstance(value, int):
        return words.count(value)
    depth = line.get("depth", 0) if key == "label" else 0
    return "\u2003" * (2 * depth - 1) + "└\u2002" * bool(depth) + str(value)


def to_json(dataset: Dataset, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings with the ids of their slices, for programs."""
    ids = dataset.columns("id")["id"].to_numpy(dtype=object)
    return [
        {
            "name": finding.name,
            "title": finding.title,
            "severity": finding.severity,
            "count": finding.count,
            "of": finding.of,
            "summary": finding.summary,
            "meaning": finding.meaning,
            "advice": finding.advice,
            "slices": ids[finding.rows].tolist(),
            "pairs": ids[finding.pairs].tolist(),
            "notes": list(finding.notes),
            "excludable": ids[finding.excluded].tolist(),
            "table": [dict(line) for line in finding.table],
        }
        for finding in findings
    ]
