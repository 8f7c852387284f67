"""What a run's training slices look like, kept beside its model: new slices are compared with it.

Distances in a space of features, after Lee et al., "A simple unified framework for detecting out-of-distribution
samples and adversarial attacks" (2018), but of features that no network learnt: a network forgets what its labels did
not ask for. Limits are quantiles on slices of patients that nothing was fitted on: split conformal prediction (Vovk,
Gammerman & Shafer, "Algorithmic learning in a random world", 2005), so that the rate of false alarms is known.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from mri_core.embedding.embedding import Projection
from mri_core.prediction.looks import Looks
from mri_core.replacing import replacing

FILE_NAME = "reference.npz"
VERSION = 1
"""Another number once references are made otherwise: then an older one is made again."""
FALSE_ALARMS = 0.01
"""The share of held-out slices that may be beyond a limit: those of looks taken together, and again that of flips."""
FEWEST_HELD_OUT = round(1 / FALSE_ALARMS) - 1
"""With fewer slices even the highest score of all is exceeded too often."""

SHAPES, GRAIN, LEVELS, TURNS = range(4)
"""Columns of the scores; those of the turns begin at the last."""
UPSIDE_DOWN, ON_ITS_SIDE = "upside down", "on its side"
KNOWN_TURNS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], ...]] = {
    UPSIDE_DOWN: (lambda slices: slices[:, ::-1, ::-1], lambda slices: slices[:, ::-1]),
    ON_ITS_SIDE: (lambda slices: np.rot90(slices, 1, (1, 2)), lambda slices: np.rot90(slices, 3, (1, 2))),
}
"""How slices may lie otherwise -> what makes upright slices (n, H, W, …) lie so; one of the same mends them."""


@dataclass(frozen=True, eq=False)
class Reference:
    """Fitted on some training slices, with limits from others; d numbers of shapes, g of grain, t turns.

    axes: (1 + components, d), the mean shapes and their principal components. centre, whitening: (g,) and (g, g), after
    which the length of a slice's grain is its Mahalanobis distance. ranges: (3, 2), low end, middle and high end of the
    training slices' mean and standard deviation of intensity. directions, offsets: (d, t) and (t,), for each turn a
    linear discriminant of turned slices. turns: (t,) their names in KNOWN_TURNS.
    limits: (3 + t,), of the scores. held_out: () slices that they are from.
    flips: (f,) names of the flips under which a model's answers are compared, and movement: () the limit of how far its
    outputs then move.
    sizes: (2, 2), least and most of height and width of the training slices before they were fitted; (0, 2) if unknown.
    """

    axes: np.ndarray
    centre: np.ndarray
    whitening: np.ndarray
    ranges: np.ndarray
    directions: np.ndarray
    offsets: np.ndarray
    turns: np.ndarray
    limits: np.ndarray
    held_out: np.ndarray
    flips: np.ndarray
    movement: np.ndarray
    sizes: np.ndarray

    def scores(self, looks: Looks) -> np.ndarray:
        """(n, 3 + t) float32: how odd slices are, the higher the odder.

        Shapes: the length of what the principal components leave out. Grain: Mahalanobis distance. Levels: how far mean
        or standard deviation of intensity are from the middle of the training slices', 1 at the ends of their range.
        Turns: above 0 where the discriminant takes a slice for a turned one.
        """
        shapes = Projection(self.axes).apply(looks.shapes)[:, -1]
        grain = np.linalg.norm((looks.grain - self.centre) @ self.whitening, axis=1)
        low, middle, high = self.ranges
        away = looks.levels - middle
        levels = np.maximum(away / (high - middle), -away / (middle - low)).max(axis=1)
        turned = looks.shapes @ self.directions - self.offsets
        return np.column_stack([shapes, grain, levels, turned]).astype(np.float32)


def joint_limits(scores: np.ndarray) -> np.ndarray:
    """(columns,) limits; a share of at most FALSE_ALARMS of new slices is above any of them, each column's part alike.

    scores: (n, columns) of held-out slices, n at least FEWEST_HELD_OUT. Each limit is the score of the same rank in its
    column, the lowest at which the slices above any limit are few enough.
    """
    allowed = int(FALSE_ALARMS * (len(scores) + 1) + 1e-9) - 1
    ranks = np.argsort(np.argsort(-scores, axis=0, kind="stable"), axis=0, kind="stable")
    best = np.sort(ranks.min(axis=1))
    return np.sort(scores, axis=0)[::-1][best[allowed]]


def save_reference(folder: Path, reference: Reference) -> None:
    """Write it into a run's folder in one step. Raises StorageError when the disk refuses."""
    arrays = {one.name: getattr(reference, one.name) for one in fields(Reference)}
    with replacing(folder / FILE_NAME) as file:
        np.savez(file, allow_pickle=False, version=np.array(VERSION), **arrays)


def read_reference(folder: Path) -> Reference | None:
    """What `save_reference` wrote; None where there is none that can be read, or one of another version."""
    try:
        with np.load(folder / FILE_NAME, allow_pickle=False) as stored:
            if stored["version"] != VERSION:
                return None
            return Reference(**{one.name: stored[one.name] for one in fields(Reference)})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
