"""The embedding of a data set: the principal components of its slices' descriptors, kept once they are computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mri_core.datasets.dataset import Dataset
from mri_core.datasets.gather import gather
from mri_core.embedding.descriptor import descriptors
from mri_core.embedding.kept import keep, read_kept

COMPONENTS = 32
"""Principal components, fewer where a data set has fewer slices."""
FITTED = 10_000
"""The most slices, drawn at random, that the components are fitted on."""

_VECTORS, _AXES = "embedding-1", "components-1"  # other numbers once vectors are made otherwise: then made again
_CHUNK_PIXELS = 2_000_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Projection:
    """From descriptors to vectors. axes: (1 + components, features) float32, the mean descriptor and the components."""

    axes: np.ndarray

    def apply(self, features: np.ndarray) -> np.ndarray:
        """(n, components + 1) float32 of descriptors (n, features).

        The last number is the length of what the components leave out, so that a slice of another kind is not taken for
        an average one (Moghaddam & Pentland, "Probabilistic visual learning for object representation" (1997)).
        """
        centred = features - self.axes[0]
        along = centred @ self.axes[1:].T
        left = np.einsum("ij,ij->i", centred, centred) - np.einsum("ij,ij->i", along, along)
        return np.column_stack([along, np.sqrt(np.maximum(left, 0))]).astype(np.float32)


def kept_embedding(dataset: Dataset) -> np.ndarray | None:
    """The embedding where it was computed before, in any process; None otherwise."""
    vectors = read_kept(dataset, _VECTORS)
    fits = vectors is not None and vectors.ndim == 2 and len(vectors) == dataset.header.slices
    return vectors if fits else None


def embed(dataset: Dataset, progress: Progress | None = None) -> np.ndarray:
    """(slices, components + 1) float32: close vectors belong to slices that look alike. Kept, and computed only once.

    progress: called with slices done and slices in all; not at all where the embedding is known.
    """
    vectors = kept_embedding(dataset)
    if vectors is not None:
        return vectors
    slices, project = dataset.header.slices, projection(dataset)
    vectors = np.empty((slices, len(project.axes)), dtype=np.float32)
    for rows, features in described(dataset, np.arange(slices)):
        vectors[rows] = project.apply(features)
        if progress:
            progress(int(rows[-1]) + 1, slices)
    keep(dataset, _VECTORS, vectors)
    return vectors


def projection(dataset: Dataset) -> Projection:
    """What turns descriptors into vectors, fitted on a sample of at most FITTED slices. Kept, and fitted only once."""
    axes = read_kept(dataset, _AXES)
    if axes is None:
        sample = np.concatenate([features for _, features in described(dataset, random_rows(dataset, FITTED))])
        mean = sample.mean(axis=0)
        components = np.linalg.eigh((sample - mean).T @ (sample - mean))[1][:, ::-1].T[: min(COMPONENTS, len(sample))]
        # A component may point either way; its largest number shall be positive, or maps would be mirrored at times.
        components *= np.sign(np.take_along_axis(components, np.abs(components).argmax(axis=1, keepdims=True), 1))
        axes = np.vstack([mean, components]).astype(np.float32)
        keep(dataset, _AXES, axes)
    return Projection(axes)


def random_rows(dataset: Dataset, most: int) -> np.ndarray:
    """Ascending rows of a random sample without replacement, the same each time; all where there are no more."""
    slices = dataset.header.slices
    return np.sort(np.random.default_rng(0).choice(slices, min(most, slices), replace=False))


def described(dataset: Dataset, rows: np.ndarray, quarters: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Some rows at a time with their descriptors, so that memory stays bounded.

    quarters: how many quarter turns, counterclockwise, the slices are given first.
    """
    step = max(1, _CHUNK_PIXELS // int(np.prod(dataset.image_shape)))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        yield some, descriptors(np.rot90(gather(dataset.pixels, some), quarters, axes=(1, 2)))
