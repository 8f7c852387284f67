"""Intervals of a study: their document, and the reasons where there is none."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binomtest

from mri_core.errors import InvalidInput
from mri_core.evaluation.clusters import find_clusters
from mri_core.evaluation.intervals import score_intervals
from mri_core.evaluation.study import make_study
from mri_core.evaluation.totals import FALSE_ALARMS_PER_PATIENT

NAMES = ("a", "b", "c")


def _intervals(truth, probabilities, patients, **options):
    truth, probabilities = np.asarray(truth), np.asarray(probabilities)
    names = NAMES[: truth.shape[1]]
    clusters = find_clusters(patients, len(truth))
    return score_intervals(make_study(truth, probabilities, names, [0.5] * len(names), clusters), **options)


def test_the_document_says_how_and_has_the_shape_of_the_scores(simulate):
    truth, (probabilities,), patients = simulate(np.random.default_rng(0), 40)
    document = _intervals(truth, probabilities, patients, resamples=200, seed=9).to_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["unit"] == "patient"
    assert (document["number"], document["resamples"], document["seed"], document["level"]) == (40, 200, 9, 0.95)
    low, high = document["labels"]["a"]["f1"]
    assert 0 < low < high < 1
    assert document["averages"]["samples_labelled"].keys() == {"precision", "recall", "f1"}
    assert document["macro"].keys() == {"average_precision", "roc_auc", "brier", "log_loss"}
    assert _intervals(truth, probabilities, None, resamples=200).to_json()["unit"] == "slice"


def test_an_interval_lies_around_its_score(simulate):
    truth, (probabilities,), patients = simulate(np.random.default_rng(0), 40)
    for path, found in _intervals(truth, probabilities, patients, resamples=400).scores.items():
        assert found.reason or found.low <= found.value <= found.high, path


def test_one_patient_has_no_interval_and_the_reason_is_said():
    found = _intervals([[1, 0], [0, 0]], [[0.9, 0.2], [0.1, 0.3]], ["x", "x"])
    for interval in found.scores.values():
        assert np.isnan([interval.low, interval.high]).all()
        assert interval.reason == "undefined (one patient: there is nothing to resample)" or np.isnan(interval.value)
    assert found.scores["subset_accuracy",].value == 1
    json.dumps(found.to_json(), allow_nan=False)


def test_two_slices_are_enough_to_ask_and_too_few_to_know():
    found = _intervals([[1], [0]], [[0.9], [0.8]], None, resamples=400).scores
    assert (found["subset_accuracy",].low, found["subset_accuracy",].high) == (0, 1)
    assert (
        "the score exists in only" in found["labels", "a", "roc_auc"].reason
    )  # half of the draws hold one slice twice


@pytest.mark.parametrize(
    ("label", "undefined"),
    [(0, {"recall", "f1", "average_precision", "roc_auc"}), (1, {"roc_auc"})],
    ids=["no positives", "all positives"],
)
def test_a_label_that_never_or_always_occurs(label, undefined, simulate):
    truth, (probabilities,), patients = simulate(np.random.default_rng(0), 30)
    truth[:, 0], truth[:, 1] = 0, 1
    found = _intervals(truth, probabilities, patients, resamples=200).scores
    scores = {path[2]: interval for path, interval in found.items() if path[:2] == ("labels", NAMES[label])}
    without = {
        name for name, interval in scores.items() if interval.reason == "undefined (the score itself is undefined)"
    }
    assert without == undefined
    assert scores["prevalence"].reason == "undefined (every resample gives the same score)"


def test_a_score_that_most_resamples_lack_has_no_interval(simulate):
    truth, (probabilities,), patients = simulate(np.random.default_rng(0), 30)
    truth[:, 2] = patients == 4  # a patient is drawn in 63 of 100 resamples
    found = _intervals(truth, probabilities, patients, resamples=1000).scores["labels", "c", "recall"]
    assert "of 1,000 resamples" in found.reason
    truth[:, 2] = patients < 3  # one of three in 96
    assert _intervals(truth, probabilities, patients, resamples=1000).scores["labels", "c", "roc_auc"].reason == ""


def test_false_alarms_per_patient_are_a_share_of_independent_patients():
    patients, findings = list("abcdef"), [[1], [0], [0], [0], [0], [0]]
    found = _intervals(findings, [[0.9], [0.8], [0.7], [0.2], [0.1], [0.1]], patients, resamples=100)
    interval = found.scores[FALSE_ALARMS_PER_PATIENT]
    reference = binomtest(2, 5).proportion_ci(method="wilson")
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.4, reference.low, reference.high))


def test_too_few_resamples_are_refused():
    with pytest.raises(InvalidInput, match="50 resamples were asked for"):
        _intervals([[1], [0]], [[0.9], [0.8]], None, resamples=50)
