"""Confusion counts of one label at any threshold, fast enough to follow a slider."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mri_core.evaluation.checks import checked_scores
from mri_core.evaluation.counts import ratio


@dataclass(frozen=True, eq=False)
class Confusion:
    """What one label's slices come to at some thresholds; all counts are int and shaped like the thresholds.

    The scores below are shaped alike, in [0, 1], and NaN where undefined.
    """

    true_positives: np.ndarray
    false_positives: np.ndarray
    false_negatives: np.ndarray
    true_negatives: np.ndarray

    @property
    def sensitivity(self) -> np.ndarray:
        """Share of the positives that are found (recall); undefined without positives."""
        return ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def specificity(self) -> np.ndarray:
        """Share of the negatives that are left alone; undefined without negatives."""
        return ratio(self.true_negatives, self.true_negatives + self.false_positives)

    @property
    def precision(self) -> np.ndarray:
        """Share of the predicted that are right; undefined when nothing is predicted."""
        return ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def f1(self) -> np.ndarray:
        """Harmonic mean of precision and sensitivity; undefined without positives, as in the table of scores."""
        positives = self.true_positives + self.false_negatives
        f1 = ratio(2 * self.true_positives, self.true_positives + self.false_positives + positives)
        return np.where(positives > 0, f1, np.nan)


@dataclass(frozen=True, eq=False)
class ConfusionAt:
    """The probabilities of one label's positive and negative slices, each sorted once; call it with thresholds."""

    positives: np.ndarray
    negatives: np.ndarray

    @classmethod
    def of(cls, truth: ArrayLike, probabilities: ArrayLike) -> ConfusionAt:
        """truth: (slices,) of 0/1. probabilities: (slices,) in [0, 1]. Raises InvalidInput when they are not."""
        truth, probabilities = checked_scores(
            np.asarray(truth)[..., np.newaxis], np.asarray(probabilities)[..., np.newaxis]
        )
        return cls(np.sort(probabilities[truth == 1]), np.sort(probabilities[truth == 0]))

    def __call__(self, thresholds: ArrayLike) -> Confusion:
        """The counts when a label is on from these thresholds upwards; thresholds: a number or an array."""
        found = len(self.positives) - np.searchsorted(self.positives, thresholds, side="left")
        alarms = len(self.negatives) - np.searchsorted(self.negatives, thresholds, side="left")
        return Confusion(
            true_positives=np.asarray(found),
            false_positives=np.asarray(alarms),
            false_negatives=np.asarray(len(self.positives) - found),
            true_negatives=np.asarray(len(self.negatives) - alarms),
        )

    def candidates(self) -> np.ndarray:
        """Every threshold that makes a difference, ascending, one for each way to part the slices.

        Each lies midway between neighbouring probabilities, so that rounding moves no slice over it. The first is on
        everywhere; the last is on nowhere, unless a probability is 1, which every threshold in [0, 1] lets pass.
        """
        scores = np.unique(np.concatenate([self.positives, self.negatives]))
        below, above = np.append(0.0, scores), np.append(scores, 1.0)
        middle = below + (above - below) / 2
        parted = np.where(middle > below, middle, above)  # between neighbouring floats there is nothing
        parted[0] = middle[0]
        return parted[:-1] if scores[-1] == 1 else parted
