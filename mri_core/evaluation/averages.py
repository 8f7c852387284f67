"""Scores over all labels together: averages, accuracies and the no-finding stratum.

The averages are those of scikit-learn's `classification_report` with zero_division=0, the table of the published study,
and of Tsoumakas & Katakis, "Multi-label classification: an overview" (2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mri_core.evaluation.counts import Counts, count, ratio


@dataclass(frozen=True)
class Average:
    """Averaged scores, each in [0, 1] or NaN where undefined."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class NoFinding:
    """The slices without any label, as a stratum of its own.

    slices: how many carry no label. recall: the share of them on which nothing was predicted, NaN when every slice has
    a finding. precision: the share without a label among the slices on which nothing was predicted, NaN without any.
    false_alarm_rate: the share of them on which a label was predicted, 1 - recall.
    """

    slices: int
    recall: float
    precision: float
    false_alarm_rate: float


@dataclass(frozen=True)
class Overall:
    """How one prediction fares over all labels. averages: micro, macro, weighted, samples and samples_labelled.

    hamming_loss: share of wrong answers among all slices × labels, 1 - binary_accuracy (Schapire & Singer 1999).
    """

    averages: dict[str, Average]
    binary_accuracy: float
    subset_accuracy: float
    hamming_loss: float
    no_finding: NoFinding


def overall(truth: np.ndarray, predicted: np.ndarray) -> Overall:
    """Judge predicted labels. truth, predicted: (slices, labels) of 0/1 or bool."""
    truth, predicted = np.asarray(truth, dtype=bool), np.asarray(predicted, dtype=bool)
    counts = count(truth, predicted)
    return Overall(
        averages=_averages(truth, predicted, counts),
        binary_accuracy=counts.binary_accuracy,
        subset_accuracy=counts.subset_accuracy,
        hamming_loss=1 - counts.binary_accuracy,
        no_finding=_no_finding(truth, predicted),
    )


def _averages(truth: np.ndarray, predicted: np.ndarray, counts: Counts) -> dict[str, Average]:
    """The averages; all undefined when there is no positive at all.

    micro: of the summed counts. macro: over labels, leaving out those without support. weighted: over labels, by
    support. samples: over slices, where one with neither a label nor a prediction counts as zero. samples_labelled:
    over the slices that carry a label.
    """
    support = counts.support
    names = ("micro", "macro", "weighted", "samples", "samples_labelled")
    if not support.any():
        return {name: Average(np.nan, np.nan, np.nan) for name in names}
    labels = _scores(counts.true_positives, counts.predicted, support)
    slices = _scores((truth & predicted).sum(axis=1), predicted.sum(axis=1), truth.sum(axis=1))
    values = (
        _scores(counts.true_positives.sum(), counts.predicted.sum(), support.sum()),
        labels[:, support > 0].mean(axis=1),
        np.average(labels, axis=1, weights=support),
        slices.mean(axis=1),
        slices[:, truth.any(axis=1)].mean(axis=1),
    )
    return {name: Average(*value.tolist()) for name, value in zip(names, values, strict=True)}


def _scores(true_positives: np.ndarray, predicted: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """Precision, recall and F1, stacked along the first axis, with 0 where undefined."""
    return np.stack(
        [
            ratio(true_positives, predicted, undefined=0.0),
            ratio(true_positives, positives, undefined=0.0),
            ratio(2 * true_positives, predicted + positives, undefined=0.0),
        ]
    )


def _no_finding(truth: np.ndarray, predicted: np.ndarray) -> NoFinding:
    empty, called = ~truth.any(axis=1), ~predicted.any(axis=1)
    right = (empty & called).sum()
    return NoFinding(
        slices=int(empty.sum()),
        recall=float(ratio(right, empty.sum())),
        precision=float(ratio(right, called.sum())),
        false_alarm_rate=float(ratio(empty.sum() - right, empty.sum())),
    )
