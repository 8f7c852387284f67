"""What an import came to: taken, left out and why, and how alike the splits are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from mri_core.csv_text import csv_lines
from mri_core.datasets.dataset import SPLITS
from mri_core.datasets.importing.left_out import Listing

MOST_LISTED = 1000
"""Entries of what was left out in the JSON; the report lists all."""


@dataclass(frozen=True)
class Summary:
    """left_out: every file, row and slice that is not in the data set. prevalence: label -> part -> share or None,
    of all slices whose labels are known ("wanted") and of each split."""

    source: str
    taken: int
    left_out: Listing
    mapping: Mapping[str, str]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    splits: Mapping[str, int]
    prevalence: Mapping[str, Mapping[str, float | None]]

    @property
    def counts(self) -> dict[str, int]:
        """Reason -> how many were left out for it."""
        return {**self.left_out.counts}

    def to_json(self) -> dict[str, Any]:
        kept = {field.name: getattr(self, field.name) for field in fields(self)}
        return kept | {"left_out": [asdict(one) for one in self.left_out[:MOST_LISTED]], "counts": self.counts}

    def report(self) -> str:
        """Everything left out as CSV: what, reason, why."""
        return csv_lines(("what", "reason", "why"), ((one.what, one.reason, one.why) for one in self.left_out))


def prevalence(
    labels: Sequence[str], truth: np.ndarray, known: np.ndarray, splits: np.ndarray
) -> dict[str, dict[str, float | None]]:
    """Share of slices with each label, and with none, among all that are known ("wanted") and in each split.

    truth: (slices, labels) of 0/1. known: (slices,) bool, whether the labels are. splits: (slices,) of SPLITS.
    """
    columns: dict[str, np.ndarray] = dict(zip(labels, truth.T, strict=True))
    columns["no finding"] = truth.sum(axis=1) == 0
    parts: dict[str, np.ndarray] = {"wanted": known}
    parts |= {split: known & (splits == split) for split in SPLITS}
    return {
        name: {part: float(column[rows].mean()) if rows.any() else None for part, rows in parts.items()}
        for name, column in columns.items()
    }
