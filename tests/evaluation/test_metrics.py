"""Every metric of METRICS: what must hold for all, and each against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)

from mri_core.evaluation import METRICS
from mri_core.evaluation.log_loss import LEAST

THRESHOLDS = np.array([0.5, 0.4, 0.6])

every_metric = pytest.mark.parametrize("name", METRICS)


@every_metric
def test_the_order_of_slices_does_not_matter(name, nested):
    truth, probabilities = nested
    order = np.random.default_rng(0).permutation(len(truth))
    scores = METRICS[name](truth, probabilities, THRESHOLDS)
    assert METRICS[name](truth[order], probabilities[order], THRESHOLDS) == pytest.approx(scores)


@every_metric
def test_labels_keep_their_scores_when_reordered(name, nested):
    truth, probabilities = nested
    order = [2, 0, 1]
    scores = METRICS[name](truth, probabilities, THRESHOLDS)
    assert METRICS[name](truth[:, order], probabilities[:, order], THRESHOLDS[order]) == pytest.approx(scores[order])


@every_metric
def test_every_slice_twice_changes_no_score(name, nested):
    truth, probabilities = nested
    times = 2 if name == "support" else 1  # support is a count, all else is a share
    scores = METRICS[name](truth, probabilities, THRESHOLDS)
    twice = METRICS[name](np.tile(truth, (2, 1)), np.tile(probabilities, (2, 1)), THRESHOLDS)
    assert twice == pytest.approx(times * scores)


@every_metric
def test_one_value_a_label_within_range_or_undefined(name, case):
    truth, probabilities = case
    scores = METRICS[name](truth, probabilities, np.full(truth.shape[1], 0.5))
    assert scores.shape == (truth.shape[1],)
    top = {"support": len(truth), "log_loss": -np.log(LEAST)}.get(name, 1)
    assert (np.isnan(scores) | ((scores >= 0) & (scores <= top))).all()


def _of_scikit_learn(name, truth, probabilities, predicted):
    """One label's score; NaN by the conventions of this package."""
    positives = truth.sum()
    if name == "precision":
        return precision_score(truth, predicted, zero_division=np.nan)
    if name == "binary_accuracy":
        return accuracy_score(truth, predicted)
    if name == "brier":
        return brier_score_loss(truth, probabilities, labels=[0, 1])
    if name == "log_loss":
        return log_loss(truth, probabilities.clip(LEAST, 1 - LEAST), labels=[0, 1])
    if positives == 0 or (name == "roc_auc" and positives == len(truth)):
        return np.nan
    by_decision = {"recall": recall_score, "f1": f1_score}
    by_ranking = {"average_precision": average_precision_score, "roc_auc": roc_auc_score}
    return by_decision[name](truth, predicted) if name in by_decision else by_ranking[name](truth, probabilities)


@pytest.mark.parametrize("name", [name for name in METRICS if name not in ("support", "prevalence")])
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 1.0])
def test_scores_are_those_of_scikit_learn(name, threshold, case):
    truth, probabilities = case
    scores = METRICS[name](truth, probabilities, np.full(truth.shape[1], threshold))
    predicted = probabilities >= threshold
    expected = [
        _of_scikit_learn(name, truth[:, label], probabilities[:, label], predicted[:, label])
        for label in range(truth.shape[1])
    ]
    assert scores == pytest.approx(expected, nan_ok=True)


def test_roc_auc_is_the_share_of_rightly_ordered_pairs(nested):
    truth, probabilities = nested
    for label, score in enumerate(METRICS["roc_auc"](truth, probabilities, THRESHOLDS)):
        present, absent = probabilities[truth[:, label] == 1, label], probabilities[truth[:, label] == 0, label]
        difference = present[:, np.newaxis] - absent
        assert score == pytest.approx(((difference > 0) + 0.5 * (difference == 0)).mean())


def test_support_and_prevalence_count_positives():
    truth = np.array([[1, 0], [1, 0], [0, 0], [1, 1]], dtype=np.uint8)
    assert METRICS["support"](truth, truth, THRESHOLDS[:2]).tolist() == [3, 1]
    assert METRICS["prevalence"](truth, truth, THRESHOLDS[:2]).tolist() == [0.75, 0.25]


@pytest.mark.parametrize(
    ("name", "undefined"),
    [
        ("precision", [False, False, True]),
        ("recall", [True, False, False]),
        ("f1", [True, False, False]),
        ("support", [False, False, False]),
        ("prevalence", [False, False, False]),
        ("average_precision", [True, False, False]),
        ("roc_auc", [True, True, False]),
        ("binary_accuracy", [False, False, False]),
        ("brier", [False, False, False]),
        ("log_loss", [False, False, False]),
    ],
)
def test_what_is_undefined_is_nan_and_never_zero(name, undefined):
    # No positives but a prediction; positives only; one positive and nothing predicted.
    truth = np.array([[0, 1, 1], [0, 1, 0]], dtype=np.uint8)
    probabilities = np.array([[0.1, 0.9, 0.2], [0.9, 0.8, 0.1]])
    assert np.isnan(METRICS[name](truth, probabilities, np.full(3, 0.5))).tolist() == undefined
