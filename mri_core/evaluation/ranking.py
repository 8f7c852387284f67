"""Average precision and ROC AUC of one label under many weightings of its slices at once.

Slices are sorted once; every weighting then needs two cumulative sums. Ties count as scikit-learn counts them: slices
of equal probability enter the curve together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Ranking:
    """The slices of one label from the highest probability to the lowest.

    clusters: (slices,) int, each slice's cluster in that order. positives: (positives,) int, places with the label.
    first, last: (values,) int, the places where each distinct probability that a positive has begins and ends;
    last_positive: (values,) int, how many positives there are up to its end, minus one.
    """

    clusters: np.ndarray
    positives: np.ndarray
    first: np.ndarray
    last: np.ndarray
    last_positive: np.ndarray


def rank(truth: np.ndarray, probabilities: np.ndarray, clusters: np.ndarray) -> Ranking:
    """Sort one label's slices. truth, probabilities, clusters: (slices,)."""
    order = np.argsort(-probabilities, kind="stable")
    sorted_probabilities, positives = probabilities[order], np.flatnonzero(truth[order])
    ends = np.flatnonzero(np.append(np.diff(sorted_probabilities) != 0, True))
    last = np.unique(ends[np.searchsorted(ends, positives)])
    first = np.append(-1, ends)[np.searchsorted(ends, last)] + 1
    return Ranking(clusters[order], positives, first, last, np.searchsorted(positives, last, side="right") - 1)


def weighted_ranking_scores(ranking: Ranking, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average precision and ROC AUC, each (resamples,); NaN where positives, or for the area negatives, weigh nothing.

    weights: (resamples, clusters), not negative.
    """
    by_slice = np.ascontiguousarray(weights.T)[ranking.clusters]  # one row a slice: rows are quick to pick
    above = np.zeros((len(by_slice) + 1, len(weights)))
    np.cumsum(by_slice, axis=0, out=above[1:])
    found = np.cumsum(by_slice[ranking.positives], axis=0)[ranking.last_positive]
    gained = np.diff(found, axis=0, prepend=0)
    called = above[ranking.last + 1]
    positives = by_slice[ranking.positives].sum(axis=0)
    negatives = above[-1] - positives
    precision = found / np.maximum(called, np.finfo(float).tiny)
    # False positives above a positive, those at its own probability by half: the trapezoids under the ROC curve.
    false_above = (called + above[ranking.first] - found - (found - gained)) / 2
    with np.errstate(invalid="ignore"):  # 0 / 0 is what undefined means here
        average_precision = (gained * precision).sum(axis=0) / positives
        area = 1 - (gained * false_above).sum(axis=0) / (positives * negatives)
    return average_precision, area
