"""A study's weighted scores: at weight 1 what `evaluate` says, at other weights what it says of repeated slices."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mri_core.evaluation import METRICS, evaluate
from mri_core.evaluation.clusters import find_clusters
from mri_core.evaluation.paths import nested
from mri_core.evaluation.study import decided_study, make_study
from mri_core.evaluation.totals import FALSE_ALARMS_PER_PATIENT

THRESHOLDS = np.array([0.5, 0.4, 0.6])
NAMES = ("a", "b", "c")


def _value(document: Mapping, path: tuple[str, ...]) -> float:
    for key in path:
        document = document[key]
    return np.nan if document is None else document


def _assert_same(points, truth, probabilities, names, thresholds):
    document = evaluate(truth, probabilities, names, thresholds).to_json()
    for path, value in points.items():
        if path != FALSE_ALARMS_PER_PATIENT:
            assert value == pytest.approx(_value(document, path), nan_ok=True), path


def test_unweighted_scores_are_those_of_evaluate(case):
    truth, probabilities = case
    names = [f"label {number}" for number in range(truth.shape[1])]
    halves = np.full(len(names), 0.5)
    study = make_study(truth, probabilities, names, halves, find_clusters(None, len(truth)))
    _assert_same(study.points(), truth, probabilities, names, halves)


def test_every_score_of_an_evaluation_is_weighted():
    truth = np.array([[1, 0, 0], [0, 0, 1], [0, 0, 0]])
    study = make_study(truth, truth * 0.9, NAMES, THRESHOLDS, find_clusters(list("abc"), 3))
    document = nested(study.points())
    expected = evaluate(truth, truth * 0.9, NAMES, THRESHOLDS).to_json()
    for name in NAMES:
        assert document["labels"][name].keys() == METRICS.keys() - {"support"}
    assert {part: document[part].keys() for part in ("averages", "macro")} == {
        part: expected[part].keys() for part in ("averages", "macro")
    }
    assert document["no_finding"].keys() == expected["no_finding"].keys() - {"slices"} | {FALSE_ALARMS_PER_PATIENT[1]}
    assert {"binary_accuracy", "subset_accuracy", "hamming_loss"} <= document.keys()


def test_weights_count_patients_as_often_as_they_were_drawn(simulate):
    rng = np.random.default_rng(5)
    truth, (probabilities,), patients = simulate(rng, 12)
    weights = rng.multinomial(12, [1 / 12] * 12, size=6).astype(float)
    study = make_study(truth, probabilities, NAMES, THRESHOLDS, find_clusters(patients, len(truth)))
    scores = study.scores(weights)
    for row, times in enumerate(weights.astype(int)):
        drawn = np.repeat(np.arange(len(truth)), times[patients])
        points = {path: values[row] for path, values in scores.items()}
        _assert_same(points, truth[drawn], probabilities[drawn], NAMES, THRESHOLDS)


@pytest.mark.parametrize(
    ("alarms", "expected"), [([0, 0, 0, 0], 0), ([0, 0, 1, 1], 1 / 2), ([0, 1, 1, 0], 1), ([1, 0, 0, 0], 0)]
)
def test_false_alarms_per_patient_by_hand(alarms, expected):
    # The first patient has a finding and cannot raise a false alarm; the others have none.
    patients, truth = ["x", "y", "z", "z"], np.array([[1], [0], [0], [0]])
    study = decided_study(truth, np.array(alarms)[:, np.newaxis], ["a"], find_clusters(patients, 4))
    assert study.points()[FALSE_ALARMS_PER_PATIENT] == expected


def test_false_alarms_per_patient_need_patients_and_one_without_a_finding():
    truth = np.ones((2, 1))
    assert np.isnan(decided_study(truth, truth, ["a"], find_clusters(list("xy"), 2)).points()[FALSE_ALARMS_PER_PATIENT])
    assert FALSE_ALARMS_PER_PATIENT not in decided_study(truth, truth, ["a"], find_clusters(None, 2)).points()


splits = st.lists(
    st.tuples(*[st.booleans()] * 3, *[st.integers(0, 10)] * 3, st.integers(0, 4)), min_size=1, max_size=25
)


def _points(rows, thresholds=THRESHOLDS):
    table = np.array(rows, dtype=float)
    clusters = find_clusters(table[:, 6], len(table))
    return make_study(table[:, :3], table[:, 3:6] / 10, NAMES, thresholds, clusters).points()


@settings(deadline=None, max_examples=40)
@given(splits, st.randoms(use_true_random=False))
def test_neither_order_nor_duplication_nor_renaming_changes_a_score(rows, random):
    points = _points(rows)
    shuffled = random.sample(rows, len(rows))
    assert _points(shuffled) == pytest.approx(points, nan_ok=True)
    assert _points(rows + rows) == pytest.approx(points, nan_ok=True)
    renamed = [(*row[:6], 10 - row[6]) for row in rows]
    assert _points(renamed) == pytest.approx(points, nan_ok=True)


@settings(deadline=None, max_examples=40)
@given(splits, st.permutations(range(3)))
def test_labels_keep_their_scores_when_their_columns_move(rows, order):
    points = _points(rows)
    moved = [(*(row[i] for i in order), *(row[3 + i] for i in order), row[6]) for row in rows]
    name = {NAMES[new]: NAMES[old] for new, old in enumerate(order)}
    for path, value in _points(moved, THRESHOLDS[list(order)]).items():
        before = (path[0], name[path[1]], path[2]) if path[0] == "labels" else path
        assert value == pytest.approx(points[before], nan_ok=True), path
