"""How far a slice is from all that looks like it.

Distance to the k-th nearest neighbour, after Ramaswamy, Rastogi & Shim, "Efficient algorithms for mining outliers from
large data sets" (2000), here among slices of other patients: one examination that was read upside down would else keep
itself company.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mri_core.datasets.dataset import Dataset
from mri_core.embedding.embedding import random_rows

NEIGHBOUR = 10
"""Which nearest neighbour it is the distance to: fewer odd slices of one kind than that are odd still."""
COMPARED = 5_000
"""The most slices, drawn at random, that a slice is compared with: time grows with a set, not with its square."""

_CHUNK = 500


def isolation(dataset: Dataset, vectors: np.ndarray, rows: np.ndarray, looks: np.ndarray) -> np.ndarray:
    """(n,) float32 distance to the NEIGHBOUR-th nearest slice of another patient; NaN where there are too few.

    vectors: the data set's embedding. rows: (n,) slices; looks: (n, components + 1) where they would be in it, which
    is where they are unless something was done to them. Slices of unknown patients count as of another.
    """
    patients = pd.factorize(dataset.columns("patient")["patient"])[0]
    others = random_rows(dataset, COMPARED)
    points, owners = vectors[others], patients[others]
    lengths = np.einsum("ij,ij->i", points, points)
    found = np.full(len(rows), np.nan, dtype=np.float32)
    if len(others) < NEIGHBOUR:
        return found
    for start in range(0, len(rows), _CHUNK):
        own, look = rows[start : start + _CHUNK], looks[start : start + _CHUNK]
        squared = look @ (-2 * points.T)
        squared += lengths
        known = patients[own] >= 0
        squared[known[:, np.newaxis] & (patients[own, np.newaxis] == owners)] = np.inf
        squared[own[:, np.newaxis] == others] = np.inf
        squared.partition(NEIGHBOUR - 1, axis=1)
        farthest = squared[:, NEIGHBOUR - 1] + np.einsum("ij,ij->i", look, look)
        found[start : start + _CHUNK] = np.sqrt(np.maximum(farthest, 0))
    found[np.isinf(found)] = np.nan
    return found
