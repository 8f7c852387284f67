"""Precision-recall and ROC curves of one label, thin enough to draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mri_core.evaluation.checks import checked_scores

MOST_POINTS = 500


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve from the strictest threshold to the loosest.

    x, y, thresholds: (points,), at most 500 points; the first threshold is infinite (nothing predicted).
    area: the area under the whole curve, before points were left out, in [0, 1].
    """

    x: np.ndarray
    y: np.ndarray
    thresholds: np.ndarray
    area: float


def precision_recall(truth: ArrayLike, probabilities: ArrayLike) -> Curve | None:
    """Precision (y) against recall (x) of one label; the area is the average precision. None without positives.

    truth: (slices,) of 0/1. probabilities: (slices,) in [0, 1]. Raises InvalidInput when they are not.
    Points are not joined linearly in the area: that overrates (Davis & Goadrich 2006, section 4).
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    truth, probabilities = _one_label(truth, probabilities)
    if not truth.any():
        return None
    precision, recall, thresholds = precision_recall_curve(truth, probabilities)
    area = average_precision_score(truth, probabilities)
    return _thinned(recall[::-1], precision[::-1], np.append(thresholds, np.inf)[::-1], float(area))


def roc(truth: ArrayLike, probabilities: ArrayLike) -> Curve | None:
    """True positive rate (y) against false positive rate (x) of one label. None unless it has positives and negatives.

    truth: (slices,) of 0/1. probabilities: (slices,) in [0, 1]. Raises InvalidInput when they are not.
    """
    from sklearn.metrics import auc, roc_curve

    truth, probabilities = _one_label(truth, probabilities)
    if not truth.any() or truth.all():
        return None
    false_rate, true_rate, thresholds = roc_curve(truth, probabilities)
    return _thinned(false_rate, true_rate, thresholds, float(auc(false_rate, true_rate)))


def _one_label(truth: ArrayLike, probabilities: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    truth, probabilities = checked_scores(
        np.asarray(truth)[..., np.newaxis], np.asarray(probabilities)[..., np.newaxis]
    )
    return truth[:, 0], probabilities[:, 0]


def _thinned(x: np.ndarray, y: np.ndarray, thresholds: np.ndarray, area: float) -> Curve:
    kept = np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).round().astype(int)
    return Curve(x[kept], y[kept], thresholds[kept], area)
