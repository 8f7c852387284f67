"""A map of a data set: slices that look alike lie together in the plane.

t-SNE (van der Maaten & Hinton, "Visualizing data using t-SNE" (2008)) begun from the first two principal components
(Kobak & Berens, "The art of using t-SNE for single-cell transcriptomics" (2019)), which keeps the large-scale order.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mri_core.datasets.browse import slice_records
from mri_core.datasets.dataset import Dataset
from mri_core.embedding.embedding import random_rows
from mri_core.embedding.kept import keep, read_kept

MOST = 5_000
"""Slices on a map; of a larger data set, so many drawn at random. More take minutes, and are not told apart."""
FEWEST = 10
"""Slices below which there is no map."""

_KEPT = "map-1"  # another number once maps are made otherwise
_POINT = np.dtype([("row", np.int64), ("x", np.float32), ("y", np.float32)])
_PERPLEXITY = 30


def kept_map(dataset: Dataset) -> np.ndarray | None:
    """The map where it was made before, in any process; None otherwise."""
    points = read_kept(dataset, _KEPT)
    return points if points is not None and points.dtype == _POINT else None


def make_map(dataset: Dataset, vectors: np.ndarray) -> np.ndarray:
    """(points,) records of row, x and y, ascending by row; the same each time. Kept, and made only once.

    vectors: the data set's embedding. Distances on a map have no unit and no direction has a meaning.
    """
    points = kept_map(dataset)
    if points is None:
        points = _placed(vectors, random_rows(dataset, MOST))
        keep(dataset, _KEPT, points)
    return points


def _placed(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    points = np.empty(len(rows), dtype=_POINT)
    own = np.array(vectors[rows])
    spread = own[:, :2].std() or 1.0
    begin = own[:, :2] / spread * 1e-4
    perplexity = min(_PERPLEXITY, (len(rows) - 1) / 3)
    # With more threads it is hardly faster, and far slower beside a training: they meet at every one of 1,000 steps.
    with threadpool_limits(1):
        placed = TSNE(perplexity=perplexity, init=begin, random_state=0).fit_transform(own)
    points["row"], points["x"], points["y"] = rows, placed[:, 0], placed[:, 1]
    return points


def map_table(dataset: Dataset, points: np.ndarray) -> pd.DataFrame:
    """One line a point: row, id, patient, split, position, labels (a tuple), x, y, and patient_slices, how many slices
    its patient has. What is unknown is None, or NaN among numbers."""
    records = slice_records(dataset, points["row"])
    table = pd.DataFrame(
        {
            "row": points["row"],
            "id": [one.id for one in records],
            # As objects, or None would become NaN.
            "patient": pd.Series([one.patient for one in records], dtype=object),
            "split": pd.Series([one.split for one in records], dtype=object),
            "position": np.array([one.position for one in records], dtype=float),
            "labels": pd.Series([one.labels if one.labelled else None for one in records], dtype=object),
            "x": points["x"],
            "y": points["y"],
        }
    )
    slices = dataset.columns("patient")["patient"].value_counts()
    table["patient_slices"] = table["patient"].map(slices).astype(float)
    return table
