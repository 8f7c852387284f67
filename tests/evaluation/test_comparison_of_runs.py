"""Comparing runs: alignment, refusals, paired differences, reclassified slices and false alarms."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from mri_core.errors import InvalidInput
from mri_core.evaluation import Predictions, evaluate
from mri_core.evaluation.bootstrap import p_value, resampled
from mri_core.evaluation.clusters import find_clusters
from mri_core.evaluation.comparison import compare
from mri_core.evaluation.contenders import Contender, aligned
from mri_core.evaluation.study import make_study

NAMES = ("a", "b", "c")
MICRO = ("averages", "micro", "f1")


def _contender(name, truth, probabilities, order=slice(None)):
    ids = np.array([f"s{number}" for number in range(len(truth))])
    return Contender(name, "f" * 40, Predictions(ids[order], truth[order], probabilities[order], NAMES), (0.5,) * 3)


@pytest.fixture
def runs(simulate):
    """a, an equal b in another order, a clearly better c, and the patients."""
    truth, (a, b), patients = simulate(np.random.default_rng(4), 50, models=2)
    backwards = slice(None, None, -1)
    better = np.clip(0.5 * a + 0.5 * truth, 0, 1)
    return (
        _contender("A", truth, a),
        _contender("B", truth, b, backwards),
        _contender("C", truth, better),
        patients,
    )


def test_slices_are_aligned_by_their_id(runs):
    a, b, _, _ = runs
    moved = aligned(a, b)
    assert moved.predictions.ids.tolist() == a.predictions.ids.tolist()
    assert moved.predictions.probabilities.tolist() == b.predictions.probabilities[::-1].tolist()


def _without_last(run):
    kept = run.predictions
    return replace(run, predictions=Predictions(kept.ids[:-1], kept.truth[:-1], kept.probabilities[:-1], NAMES))


def _predicting(run, **changes):
    return replace(run, predictions=replace(run.predictions, **changes))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda run: replace(run, fingerprint="new"), r"different versions of the data set \(ffffffffffff and new\)"),
        (_without_last, "expected the same slices, each once"),
        (
            lambda run: _predicting(run, ids=run.predictions.ids[:1].repeat(len(run.predictions.ids))),
            "1 of them the same",
        ),
        (lambda run: _predicting(run, label_names=("x", "y", "z")), "predicts x, y, z"),
        (
            lambda run: _predicting(run, truth=1 - run.predictions.truth),
            "different labels on .* expected the same truth",
        ),
        (lambda run: replace(run, thresholds=(0.5,)), "thresholds are 1"),
    ],
    ids=["version", "slices", "duplicates", "labels", "truth", "thresholds"],
)
def test_what_cannot_be_compared_is_refused(change, words, runs):
    a, b, _, patients = runs
    with pytest.raises(InvalidInput, match=words) as refusal:
        compare(a, [change(b)], patients, resamples=100)
    assert "\n" not in str(refusal.value)


def test_differences_are_of_the_scores_of_each_run(runs):
    a, b, _, patients = runs
    (found,) = compare(a, [b], patients, resamples=200)
    one, other = (evaluate(run.predictions.truth, run.predictions.probabilities, NAMES) for run in (a, b))
    micro = found.differences[MICRO]
    assert (micro.a, micro.b) == pytest.approx((one.overall.averages["micro"].f1, other.overall.averages["micro"].f1))
    assert micro.value == pytest.approx(micro.b - micro.a)
    assert micro.low < micro.value < micro.high
    assert found.differences["macro", "brier"].value == pytest.approx(other.macro["brier"] - one.macro["brier"])
    assert not any(path[-1] == "prevalence" for path in found.differences)


def test_a_run_against_itself_and_against_a_better_one(runs):
    a, _, c, patients = runs
    same, better = compare(a, [a, c], patients, resamples=400)
    assert same.differences[MICRO].value == 0
    assert same.differences[MICRO].reason == "undefined (every resample gives the same score)"
    assert same.whole.only_a == same.whole.only_b == ()
    assert same.whole.test.p_value == 1
    assert better.differences["macro", "brier"].high < 0
    assert better.differences["macro", "brier"].p_value < 0.01


def test_the_interval_and_the_p_value_agree_and_turn_with_the_runs(runs):
    a, b, _, patients = runs
    forth, back = compare(a, [b], patients)[0], compare(b, [a], patients[::-1])[0]
    defined = {path: difference for path, difference in forth.differences.items() if not difference.reason}
    assert len(defined) > len(forth.differences) / 2
    for path, difference in defined.items():
        assert (difference.p_value < 0.05) == (not difference.low <= 0 <= difference.high), path
        assert back.differences[path].value == pytest.approx(-difference.value)


def test_pairing_is_narrower_than_two_intervals_side_by_side(runs):
    a, _, c, patients = runs
    (found,) = compare(a, [c], patients, resamples=400)
    clusters = find_clusters(patients, len(patients))
    drawn = [
        resampled(
            make_study(run.predictions.truth, run.predictions.probabilities, NAMES, [0.5] * 3, clusters).scores,
            clusters.number, clusters.slices, 400, seed,
        )["macro", "brier"]
        for seed, run in enumerate((a, c))
    ]  # fmt: skip
    difference = found.differences["macro", "brier"]
    assert difference.high - difference.low < np.ptp(np.quantile(drawn[1] - drawn[0], [0.025, 0.975]))


def test_reclassified_slices_are_those_only_one_gets_right(runs):
    a, b, _, patients = runs
    (found,) = compare(a, [b], patients, resamples=100)
    right_a = (a.predictions.probabilities >= 0.5) == a.predictions.truth
    right_b = (b.predictions.probabilities[::-1] >= 0.5) == a.predictions.truth
    ids = a.predictions.ids
    assert found.labels["a"].only_a == tuple(ids[right_a[:, 0] & ~right_b[:, 0]])
    assert found.whole.only_b == tuple(ids[right_b.all(axis=1) & ~right_a.all(axis=1)])
    net = (len(found.whole.only_b) - len(found.whole.only_a)) / len(ids)
    assert found.whole.net == pytest.approx(net) == pytest.approx(found.differences["subset_accuracy",].value)
    assert "patient" in found.whole.test.method
    assert "patient" not in compare(a, [b], None, resamples=100)[0].whole.test.method


def test_many_runs_are_adjusted_for_being_many(runs):
    a, b, c, patients = runs
    alone = compare(a, [c], patients, resamples=400)[0]
    among = compare(a, [c, b, b], patients, resamples=400)[0]
    path = ("macro", "brier")
    assert alone.differences[path].adjusted_p == alone.differences[path].p_value == among.differences[path].p_value
    assert among.differences[path].adjusted_p == pytest.approx(3 * among.differences[path].p_value)
    assert among.whole.adjusted_p == pytest.approx(min(1, 3 * among.whole.test.p_value))
    labels = among.labels.values()
    assert min(one.adjusted_p for one in labels) == pytest.approx(min(1, 3 * min(one.test.p_value for one in labels)))


def test_the_document(runs):
    a, b, _, patients = runs
    document = compare(a, [b], patients, resamples=100)[0].to_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["a"], document["b"], document["unit"]) == ("A", "B", "patient")
    assert document["differences"]["averages"]["micro"]["f1"].keys() >= {"a", "b", "value", "low", "high", "p_value"}
    assert document["reclassified"]["labels"].keys() == set(NAMES)


def test_one_patient_is_said_plainly():
    truth, probabilities = np.array([[1, 0, 0], [0, 0, 1]]), np.full((2, 3), 0.4)
    a, b = (_contender(name, truth, values) for name, values in (("A", probabilities), ("B", 1 - probabilities)))
    (found,) = compare(a, [b], ["x", "x"], resamples=100)
    assert found.differences[MICRO].reason == "undefined (one patient: there is nothing to resample)"
    assert found.whole.test.p_value == 1


def test_equally_good_runs_differ_in_5_of_100_comparisons(simulate):
    paths = (MICRO, ("subset_accuracy",), ("macro", "average_precision"), ("labels", "a", "f1"))
    rng, studies, found = (
        np.random.default_rng(6),
        300,
        dict.fromkeys((MICRO, ("subset_accuracy",), ("macro", "average_precision"), ("labels", "a", "f1")), 0),
    )
    for number in range(studies):
        truth, scores, patients = simulate(rng, 60, models=2)
        clusters = find_clusters(patients, len(truth))
        a, b = (
            resampled(
                make_study(truth, values, NAMES, [0.5] * 3, clusters).scores, clusters.number, clusters.slices, 300,
                number,
            )
            for values in scores
        )  # fmt: skip
        for path in paths:
            found[path] += p_value(b[path] - a[path], clusters.number) < 0.05
    shares = [count / studies for count in found.values()]
    assert 0.03 <= np.mean(shares) <= 0.07
    assert max(shares) <= 0.09  # 300 comparisons know a share to about 1.3 of 100
