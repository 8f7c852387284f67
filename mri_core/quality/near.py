"""Near-duplicates: the same picture moved, mirrored, brightened or compressed. Found by hash, confirmed on pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from mri_core.datasets.dataset import Dataset
from mri_core.quality.copies import copy_findings
from mri_core.quality.finding import Finding, grey, grey_chunks
from mri_core.quality.perceptual import FLIPS, SHIFTS, aligned, hashes, reduced

MOST_DISTANT = 0.12
"""Largest distance of two hashes (each of length 1) of the same picture."""
LEAST_ALIKE = 0.5
"""Least correlation of fine details of the same picture; JPEG at quality 75 keeps about that much of a noisy one."""
OF_NEIGHBOURS = 0.25
"""Two slices of one patient must be this much closer than its neighbouring slices are, as a share of the median."""

_NEAREST = 16
_COMPONENTS = 24  # of the hashes: enough to leave few others as close, and few enough for a tree to be quick
_CHUNK = 500
_NEIGHBOURS = (
    " Not every patient is known here, so neighbouring slices of thin series may be among the pairs; across splits "
    "they are leakage all the same."
)


def near_duplicates(dataset: Dataset) -> tuple[Finding, ...]:
    """Pairs that show the same picture. Of exact duplicates, which are another finding, only one takes part."""
    candidates = _candidates(dataset)
    parts = [_confirmed(dataset, candidates[i : i + _CHUNK]) for i in range(0, len(candidates), _CHUNK)]
    pairs = np.concatenate([np.empty((0, 2), dtype=np.int64), *(part[0] for part in parts)])
    notes = [note for part in parts for note in part[1]]
    how = "show the same picture, moved, mirrored, brightened or compressed"
    found = copy_findings(dataset, "near", "near-duplicates", how, pairs, notes)
    if dataset.header.patients is None:
        return tuple(replace(one, advice=one.advice + _NEIGHBOURS) for one in found)
    return found


def _candidates(dataset: Dataset) -> np.ndarray:
    """(n, 2) rows whose hashes are close, the earlier row first."""
    found = np.concatenate([hashes(reduced(chunk)) for chunk in grey_chunks(dataset)])
    patients = pd.factorize(dataset.columns("patient")["patient"])[0]
    limits = _limits(dataset, found, patients)
    repeated = dataset.columns("checksum")["checksum"].duplicated().to_numpy()
    rows = np.flatnonzero(~repeated & found.any(axis=1))
    close = [pairs[_far_from_neighbours(found, pairs, patients, limits)] for pairs in _close(found, rows)]
    # Two slices see each other from both sides, or from one only where the other has too many that are nearer.
    return np.unique(np.concatenate([np.empty((0, 2), dtype=np.int64), *close]), axis=0)


def _close(found: np.ndarray, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Pairs of rows within MOST_DISTANT of each other, the earlier first; at most _NEAREST a row."""
    from scipy.spatial import KDTree

    if len(rows) < 2:
        return
    points = _principal(found[rows])
    tree = KDTree(points)
    for start in range(0, len(rows), _CHUNK):
        own = np.arange(start, min(start + _CHUNK, len(rows)))
        distances, nearest = tree.query(points[own], k=min(_NEAREST + 1, len(rows)), distance_upper_bound=MOST_DISTANT)
        here, place = np.nonzero(np.isfinite(distances))
        a, b = own[here], nearest[here, place]
        pairs = rows[np.sort(np.column_stack([a, b])[a != b], axis=1)]
        yield pairs[_distances(found, pairs) <= MOST_DISTANT]


def _principal(found: np.ndarray) -> np.ndarray:
    """(n, _COMPONENTS) principal components of hashes (n, features), between which no distance is larger."""
    centred = found - found.mean(axis=0)
    return centred @ np.linalg.eigh(centred.T @ centred)[1][:, -_COMPONENTS:]


def _limits(dataset: Dataset, found: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """(patients,) how close two slices of a patient may be: neighbours look alike, the more the thinner slices are."""
    order = np.lexsort((dataset.columns("position")["position"].to_numpy(dtype=float, na_value=np.nan), patients))
    followed = (patients[order[1:]] == patients[order[:-1]]) & (patients[order[1:]] >= 0)
    a, b = order[:-1][followed], order[1:][followed]
    steps = pd.Series(_distances(found, np.column_stack([a, b])))
    medians = steps[steps > 0].groupby(patients[a][steps > 0]).median()
    return OF_NEIGHBOURS * medians.reindex(range(patients.max(initial=-1) + 1)).to_numpy()


def _far_from_neighbours(found: np.ndarray, pairs: np.ndarray, patients: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """(pairs,) bool: not of one patient, or much closer than that patient's neighbours are."""
    owner = patients[pairs[:, 0]]
    together = (owner == patients[pairs[:, 1]]) & (owner >= 0)
    kept = ~together
    kept[together] = ~(_distances(found, pairs[together]) > limits[owner[together]])
    return kept


def _distances(found: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return np.linalg.norm(found[pairs[:, 0]] - found[pairs[:, 1]], axis=1)


def _confirmed(dataset: Dataset, pairs: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The pairs whose pixels agree, and what sets the two apart."""
    a, b = (reduced(grey(dataset.pixels[rows])) for rows in pairs.T)
    alike, flip, shift = aligned(a, b)
    kept = alike >= LEAST_ALIKE
    names = list(FLIPS)
    return pairs[kept], [
        _in_words(names[flipped], SHIFTS[moved]) for flipped, moved in zip(flip[kept], shift[kept], strict=True)
    ]


def _in_words(flipped: str, moved: tuple[int, int]) -> str:
    return ", ".join(filter(None, (flipped, "moved by a pixel" if any(moved) else ""))) or "brightened or compressed"
