"""Confusion counts of a multi-label prediction, and the scores of the training curves that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class Counts:
    """What was counted over a number of slices.

    true_positives, false_positives, false_negatives, true_negatives: (labels,) int.
    exact_matches: slices of which every label is right.
    """

    true_positives: np.ndarray
    false_positives: np.ndarray
    false_negatives: np.ndarray
    true_negatives: np.ndarray
    exact_matches: int
    slices: int

    @classmethod
    def from_sums(
        cls,
        true_positives: ArrayLike,
        false_positives: ArrayLike,
        false_negatives: ArrayLike,
        exact_matches: float,
        slices: float,
    ) -> Counts:
        """Counts from sums over batches, each (labels,) or a number; what is left of the slices is true negative."""
        tp, fp, fn = (np.asarray(sums, dtype=np.int64) for sums in (true_positives, false_positives, false_negatives))
        return cls(tp, fp, fn, int(slices) - tp - fp - fn, int(exact_matches), int(slices))

    @property
    def support(self) -> np.ndarray:
        """(labels,) int: slices that carry the label."""
        return self.true_positives + self.false_negatives

    @property
    def predicted(self) -> np.ndarray:
        """(labels,) int: slices on which the label was predicted."""
        return self.true_positives + self.false_positives

    @property
    def binary_accuracy(self) -> float:
        """Share of right answers among all slices × labels, in [0, 1]; 1 minus the Hamming loss."""
        right = self.true_positives + self.true_negatives
        return float(ratio(right.sum(), self.slices * right.size))

    @property
    def subset_accuracy(self) -> float:
        """Share of slices of which every label is right, in [0, 1]."""
        return float(ratio(self.exact_matches, self.slices))


def predicted_labels(probabilities: np.ndarray, thresholds: ArrayLike) -> np.ndarray:
    """(slices, labels) bool: a label is on when its probability reaches its threshold."""
    return np.asarray(probabilities) >= np.asarray(thresholds)


def count(truth: np.ndarray, predicted: np.ndarray) -> Counts:
    """Count right and wrong answers. truth, predicted: (slices, labels) of 0/1 or bool."""
    truth, predicted = np.asarray(truth, dtype=bool), np.asarray(predicted, dtype=bool)
    return Counts.from_sums(
        true_positives=(truth & predicted).sum(axis=0),
        false_positives=(~truth & predicted).sum(axis=0),
        false_negatives=(truth & ~predicted).sum(axis=0),
        exact_matches=(truth == predicted).all(axis=1).sum(),
        slices=len(truth),
    )


def ratio(numerator: ArrayLike, denominator: ArrayLike, undefined: float = np.nan) -> np.ndarray:
    """numerator / denominator, and `undefined` where the denominator is 0."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float))
    return np.divide(top, bottom, out=np.full(top.shape, undefined), where=bottom != 0)


class EpochScores(TypedDict):
    """The scores of one epoch, each in [0, 1] or NaN where undefined; `f1` holds one value a label."""

    micro_f1: float
    macro_f1: float
    f1: tuple[float, ...]
    binary_accuracy: float
    subset_accuracy: float


def epoch_scores(counts: Counts) -> EpochScores:
    """The scores a training curve shows every epoch.

    F1 is 2 tp / (2 tp + fp + fn), NaN for a label that was neither carried nor predicted; the macro average is over the
    defined labels, NaN when there is none. Micro and macro averages as in Tsoumakas & Katakis, "Multi-label
    classification: an overview" (2007), and scikit-learn's user guide, "Multiclass and multilabel classification".
    """
    tp, wrong = counts.true_positives, counts.false_positives + counts.false_negatives
    f1 = ratio(2 * tp, 2 * tp + wrong)
    defined = f1[~np.isnan(f1)]
    return EpochScores(
        micro_f1=float(ratio(2 * tp.sum(), 2 * tp.sum() + wrong.sum())),
        macro_f1=float(ratio(defined.sum(), defined.size)),
        f1=tuple(f1.tolist()),
        binary_accuracy=counts.binary_accuracy,
        subset_accuracy=counts.subset_accuracy,
    )
