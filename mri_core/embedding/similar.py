"""Slices that look like a given one: exact nearest neighbours in the embedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mri_core.datasets.browse import SliceRecord, slice_records
from mri_core.datasets.dataset import Dataset


@dataclass(frozen=True)
class SimilarSlice:
    """A slice, and how far its descriptor is from that of the slice asked for: 0 is the same, and it has no unit."""

    record: SliceRecord
    distance: float

    def to_json(self) -> dict[str, Any]:
        """labels: None where one of them is missing."""
        one = self.record
        return {
            "id": one.id,
            "patient": one.patient,
            "split": one.split,
            "position": one.position,
            "labels": list(one.labels) if one.labelled else None,
            "distance": self.distance,
        }


def similar_slices(
    dataset: Dataset, vectors: np.ndarray, row: int, count: int, other_patients: bool = True
) -> list[SimilarSlice]:
    """The slices most like the one at `row`, the nearest first; fewer than `count` where there are no more.

    vectors: the data set's embedding. other_patients: leave out those of the same patient; slices of unknown patients
    stay, because nothing is known of them.
    """
    among = other_patient(dataset, row) if other_patients else np.ones(len(vectors), dtype=bool)
    rows, distances = nearest(vectors, row, count, among)
    records = slice_records(dataset, rows)
    return [SimilarSlice(record, float(distance)) for record, distance in zip(records, distances, strict=True)]


def nearest(vectors: np.ndarray, row: int, count: int, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and Euclidean distances of the nearest vectors, the nearest first; never the row itself.

    vectors: (slices, components). among: (slices,) bool, which of them count.
    """
    wanted = vectors[row]
    # Half the squared distance but for a constant: one product with the matrix, and no copy of it.
    apart = np.einsum("ij,ij->i", vectors, vectors) / 2 - vectors @ wanted
    candidates = among.copy()
    candidates[row] = False
    apart[~candidates] = np.inf
    count = min(count, int(candidates.sum()))
    if not count:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    rows = np.argpartition(apart, count - 1)[:count]
    distances = np.linalg.norm(vectors[rows] - wanted, axis=1)
    order = np.lexsort((rows, distances))
    return rows[order], distances[order]


def other_patient(dataset: Dataset, row: int) -> np.ndarray:
    """(slices,) bool: whether a slice is not known to be of the same patient as the one at `row`."""
    patients = dataset.columns("patient")["patient"]
    return ~(patients == patients.iloc[row]).to_numpy(dtype=bool, na_value=False)
