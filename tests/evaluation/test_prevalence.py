"""Baselines: exact for constants, and what random labels reach on average."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from mri_core.errors import InvalidInput
from mri_core.evaluation.averages import overall
from mri_core.evaluation.clusters import find_clusters
from mri_core.evaluation.prevalence import predict_always, predict_prevalence
from mri_core.evaluation.study import decided_study

NAMES = ("a", "b", "c")
CHANCES = np.array([0.5, 0.3, 0.1])


@pytest.fixture
def split(simulate):
    truth, _, patients = simulate(np.random.default_rng(1), 30)
    return truth, find_clusters(patients, len(truth))


@pytest.mark.parametrize("predicted", [False, True])
def test_predicting_nothing_or_everything_is_judged_like_any_prediction(predicted, split):
    truth, clusters = split
    scores = predict_always(truth, predicted, NAMES, clusters)
    result = overall(truth, np.full(truth.shape, predicted))
    assert scores["subset_accuracy",] == pytest.approx(result.subset_accuracy)
    assert scores["averages", "micro", "f1"] == pytest.approx(result.averages["micro"].f1)
    assert scores["no_finding", "recall"] == pytest.approx(result.no_finding.recall)
    assert not any(path[-1] in ("roc_auc", "brier") for path in scores)  # it has no probabilities


def test_the_prevalence_as_a_probability(split):
    truth, clusters = split
    scores = predict_prevalence(truth, CHANCES, NAMES, clusters)
    for label, name in enumerate(NAMES):
        constant = np.full(len(truth), CHANCES[label])
        assert scores["labels", name, "roc_auc"] == 0.5
        assert scores["labels", name, "average_precision"] == pytest.approx(truth[:, label].mean())
        assert scores["labels", name, "brier"] == pytest.approx(brier_score_loss(truth[:, label], constant))
        assert scores["labels", name, "log_loss"] == pytest.approx(log_loss(truth[:, label], constant))


def test_random_labels_in_expectation(split):
    truth, clusters = split
    scores = predict_prevalence(truth, CHANCES, NAMES, clusters)
    sums: dict[tuple[str, ...], float] = dict.fromkeys(scores, 0.0)
    rng, draws = np.random.default_rng(0), 200
    for _ in range(draws):
        drawn = decided_study(truth, rng.random(truth.shape) < CHANCES, NAMES, clusters).points()
        for path, value in drawn.items():
            sums[path] += value / draws
    for path in drawn:
        assert scores[path] == pytest.approx(sums[path], abs=0.03), path


def test_expectations_are_exact_over_all_draws_of_one_slice():
    truth, clusters = np.array([[1, 1, 0]]), find_clusters(["x"], 1)
    scores = predict_prevalence(truth, CHANCES, NAMES, clusters)
    expected = dict.fromkeys(("precision", "recall", "f1"), 0.0)
    exact = 0.0
    for drawn in product((0, 1), repeat=3):
        chance = np.where(drawn, CHANCES, 1 - CHANCES).prod()
        result = overall(truth, np.array([drawn]))
        exact += chance * result.subset_accuracy
        for name in expected:
            expected[name] += chance * getattr(result.averages["samples"], name)
    assert scores["subset_accuracy",] == pytest.approx(exact)
    for name, value in expected.items():
        assert scores["averages", "samples", name] == pytest.approx(value)


@pytest.mark.parametrize("prevalence", [[0.5, 0.3], [0.5, 0.3, 1.2], [0.5, 0.3, np.nan]])
def test_a_prevalence_is_a_share_for_each_label(prevalence, split):
    with pytest.raises(InvalidInput, match="training prevalences are"):
        predict_prevalence(split[0], prevalence, NAMES, split[1])
