"""The scores of single labels: one function a metric, one line each in METRICS.

A metric takes truth (slices, labels) of 0/1, probabilities (slices, labels) in [0, 1] and thresholds (labels,), and
returns one value a label, (labels,), NaN where the score is undefined. Definitions: scikit-learn's user guide,
"Classification metrics"; why precision-recall beside ROC for rare labels: Davis & Goadrich, "The relationship between
precision-recall and ROC curves" (2006).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mri_core.evaluation.counts import Counts, count, predicted_labels, ratio
from mri_core.evaluation.log_loss import log_losses

Metric = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def precision(truth: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Share of the predicted that are right; undefined when nothing is predicted."""
    counts = _count(truth, probabilities, thresholds)
    return ratio(counts.true_positives, counts.predicted)


def recall(truth: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Share of the positives that are found; undefined without positives."""
    counts = _count(truth, probabilities, thresholds)
    return ratio(counts.true_positives, counts.support)


def f1(truth: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Harmonic mean of precision and recall, 2 tp / (2 tp + fp + fn); undefined without positives."""
    counts = _count(truth, probabilities, thresholds)
    return np.where(counts.support > 0, ratio(2 * counts.true_positives, counts.predicted + counts.support), np.nan)


def support(truth: np.ndarray, _probabilities: np.ndarray, _thresholds: np.ndarray) -> np.ndarray:
    """Number of slices that carry the label, int."""
    return truth.sum(axis=0, dtype=np.int64)


def prevalence(truth: np.ndarray, _probabilities: np.ndarray, _thresholds: np.ndarray) -> np.ndarray:
    """Share of the slices that carry the label."""
    return ratio(truth.sum(axis=0), len(truth))


def average_precision(truth: np.ndarray, probabilities: np.ndarray, _thresholds: np.ndarray) -> np.ndarray:
    """Area under the precision-recall steps; a random score reaches the prevalence. Undefined without positives."""
    from sklearn.metrics import average_precision_score

    positives = truth.sum(axis=0)
    return np.array(
        [
            average_precision_score(truth[:, label], probabilities[:, label]) if positives[label] else np.nan
            for label in range(truth.shape[1])
        ]
    )


def roc_auc(truth: np.ndarray, probabilities: np.ndarray, _thresholds: np.ndarray) -> np.ndarray:
    """Probability that a random positive scores above a random negative; undefined without either."""
    from sklearn.metrics import roc_auc_score

    positives = truth.sum(axis=0)
    return np.array(
        [
            roc_auc_score(truth[:, label], probabilities[:, label]) if 0 < positives[label] < len(truth) else np.nan
            for label in range(truth.shape[1])
        ]
    )


def binary_accuracy(truth: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Share of the slices on which the label is right, present or absent."""
    counts = _count(truth, probabilities, thresholds)
    return ratio(counts.true_positives + counts.true_negatives, counts.slices)


def brier(truth: np.ndarray, probabilities: np.ndarray, _thresholds: np.ndarray) -> np.ndarray:
    """Mean squared distance of the probability from the truth, lower is better (Brier 1950)."""
    return _mean(squared_errors(truth, probabilities))


def log_loss(truth: np.ndarray, probabilities: np.ndarray, _thresholds: np.ndarray) -> np.ndarray:
    """Mean negative log-likelihood in nats, lower is better; 16 for a slice wrong with certainty (Good 1952)."""
    return _mean(log_losses(truth, probabilities))


METRICS: dict[str, Metric] = {
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "support": support,
    "prevalence": prevalence,
    "average_precision": average_precision,
    "roc_auc": roc_auc,
    "binary_accuracy": binary_accuracy,
    "brier": brier,
    "log_loss": log_loss,
}
"""Name -> metric, in the order in which a report lists them."""

MACRO_METRICS = ("average_precision", "roc_auc", "brier", "log_loss")
"""The metrics of probabilities, which are averaged over the labels where they are defined."""


def squared_errors(truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """What the Brier score is the mean of, shaped like the input. truth: 0/1. probabilities: in [0, 1]."""
    return np.square(np.asarray(probabilities, dtype=float) - truth)


def _count(truth: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray) -> Counts:
    return count(truth, predicted_labels(probabilities, thresholds))


def _mean(losses: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(losses).mean(axis=0)  # the last digit of a sum depends on the order in memory
