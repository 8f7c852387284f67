"""Where a model fails: label sets, worst slices and error rates by hand, against pandas, and under permutation."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from mri_core.errors import InvalidInput
from mri_core.evaluation.counts import predicted_labels
from mri_core.evaluation.failures import (
    error_by,
    false_negatives,
    false_positives,
    label_set_confusion,
    labels_carried,
    mean_intensity,
    worst_slices,
)
from mri_core.evaluation.proportion import wilson

TRUTH = np.array([[0, 0], [0, 0], [1, 0], [1, 1], [1, 1], [0, 1]])
PREDICTED = np.array([[0, 0], [1, 0], [1, 0], [1, 1], [1, 0], [0, 0]])


def test_label_sets_by_hand():
    found = label_set_confusion(TRUTH, PREDICTED, ("a", "b"))
    assert found.sets == ((), ("a",), ("a", "b"), ("b",))
    assert found.counts.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0]]
    assert (found.other, found.exact) == (False, 3)


def test_rare_sets_are_put_together():
    found = label_set_confusion(TRUTH, PREDICTED, ("a", "b"), most=1)
    assert found.sets == ((), ("a",))
    assert found.other
    assert found.counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 1, 1]]


def test_the_empty_set_is_there_even_when_no_slice_has_it():
    found = label_set_confusion(np.ones((2, 1)), np.ones((2, 1)), ("a",))
    assert found.sets == ((), ("a",))
    assert found.counts.tolist() == [[0, 0], [0, 2]]


def test_label_sets_are_those_of_a_cross_table(case):
    truth, probabilities = case
    predicted = predicted_labels(probabilities, 0.5)
    names = tuple(f"label {number}" for number in range(truth.shape[1]))
    found = label_set_confusion(truth, predicted, names, most=2**9)
    true, called = (
        pd.Series([tuple(name for name, on in zip(names, row, strict=True) if on) for row in rows])
        for rows in (truth, predicted)
    )
    for row, one in enumerate(found.sets):
        for column, other in enumerate(found.sets):
            assert found.counts[row, column] == sum((true == one) & (called == other))
    assert found.exact == found.counts.trace()


@settings(deadline=None)
@given(st.randoms(), st.integers(0, 4))
def test_the_order_of_slices_and_names_of_labels_do_not_matter(random, most):
    rows = random.sample(range(6), 6)
    one = label_set_confusion(TRUTH, PREDICTED, ("a", "b"), most)
    two = label_set_confusion(TRUTH[rows], PREDICTED[rows], ("x", "y"), most)
    assert one.counts.tolist() == two.counts.tolist()
    assert [tuple({"a": "x", "b": "y"}[name] for name in names) for names in one.sets] == list(two.sets)


def test_the_worst_slices_by_hand():
    truth, probabilities = np.array([[1, 0], [1, 0], [0, 1]]), np.array([[0.9, 0.1], [0.2, 0.1], [0.4, 0.4]])
    found = worst_slices(truth, probabilities)
    assert found.rows.tolist() == [1, 2, 0]
    assert found.values.tolist() == pytest.approx(
        [-(math.log(0.2) + math.log(0.9)) / 2, -(math.log(0.6) + math.log(0.4)) / 2, -math.log(0.9)]
    )
    assert worst_slices(truth, probabilities, most=1).rows.tolist() == [1]
    patient = np.array(["p", "q", "p"]) == "p"
    assert worst_slices(truth, probabilities, among=patient).rows.tolist() == [2, 0]


def test_the_losses_add_up_to_scikit_learns(nested):
    truth, probabilities = nested[0], np.clip(nested[1], 0.01, 0.99)
    found = worst_slices(truth, probabilities, most=len(truth))
    expected = np.mean([log_loss(truth[:, label], probabilities[:, label]) for label in range(3)])
    assert found.values.mean() == pytest.approx(expected)
    assert (np.diff(found.values) <= 0).all()
    assert sorted(found.rows.tolist()) == list(range(len(truth)))


def test_false_positives_and_negatives_by_confidence():
    truth = [0, 1, 0, 1, 0, 1]
    probabilities = [0.6, 0.3, 0.9, 0.8, 0.2, 0.1]
    found, missed = false_positives(truth, probabilities, 0.5), false_negatives(truth, probabilities, 0.5)
    assert (found.rows.tolist(), found.values.tolist()) == ([2, 0], [0.9, 0.6])
    assert (missed.rows.tolist(), missed.values.tolist()) == ([5, 1], [0.1, 0.3])
    assert false_positives(truth, probabilities, 0.5, most=1).rows.tolist() == [2]
    first = np.arange(6) < 2
    assert false_positives(truth, probabilities, 0.5, among=first).rows.tolist() == [0]
    assert false_negatives(truth, probabilities, 0.5, among=first).rows.tolist() == [1]
    assert false_positives(truth, probabilities, 0.6).rows.tolist() == [2, 0]  # on from the threshold upwards


@pytest.mark.parametrize("find", [false_positives, false_negatives])
def test_nothing_wrong_is_nothing_found(find):
    assert len(find([1, 1], [0.9, 0.8], 0.5).rows) == len(find([0, 0], [0.1, 0.2], 0.5).rows) == 0


def test_error_rates_of_few_values():
    table = error_by([2, 0, 0, 1, 2, 2], [True, False, True, False, False, False])
    assert table[["low", "high", "slices", "wrong"]].to_numpy().tolist() == [[0, 0, 2, 1], [1, 1, 1, 0], [2, 2, 3, 1]]
    assert table["rate"].tolist() == pytest.approx([1 / 2, 0, 1 / 3])
    low, high = wilson(table["wrong"], table["slices"])
    np.testing.assert_allclose(table[["rate_low", "rate_high"]], np.stack([low, high], axis=1))


def test_error_rates_of_many_values_are_those_of_quantiles():
    rng = np.random.default_rng(6)
    values, wrong = rng.normal(size=997), rng.random(997) < 0.3
    table = error_by(values, wrong, bins=7)
    groups = pd.DataFrame({"value": values, "wrong": wrong}).groupby(pd.qcut(values, 7), observed=True)
    assert table["slices"].tolist() == groups.size().tolist()
    np.testing.assert_allclose(table["rate"], groups["wrong"].mean())
    np.testing.assert_allclose(table[["low", "high"]], groups["value"].agg(["min", "max"]))


def test_unknown_values_come_last():
    table = error_by([np.nan, 1, 2, np.nan], [True, False, False, True])
    assert table["slices"].tolist() == [1, 1, 2]
    assert table["rate"].tolist() == [0, 0, 1]
    assert np.isnan(table[["low", "high"]].to_numpy()[-1]).all()
    assert error_by([np.nan, np.nan], [True, False])["slices"].tolist() == [2]
    assert error_by([], []).empty


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-1e6, 1e6) | st.just(math.nan), st.booleans()), max_size=40), st.randoms())
def test_every_slice_is_in_one_bin_in_any_order(slices, random):
    tables = []
    for some in (slices, random.sample(slices, len(slices))):
        tables.append(error_by([value for value, _ in some], [wrong for _, wrong in some], bins=4))
    pd.testing.assert_frame_equal(*tables)
    assert tables[0]["slices"].sum() == len(slices)
    assert tables[0]["wrong"].sum() == sum(wrong for _, wrong in slices)
    assert len(tables[0]) <= 5


def test_covariates():
    pixels = np.stack([np.full((4, 4), value, dtype=np.uint8) for value in (0, 100, 255)])
    assert mean_intensity(pixels).tolist() == [0, 100, 255]
    assert mean_intensity(pixels[:0]).shape == (0,)
    assert mean_intensity(pixels, np.array([2, 0])).tolist() == [255, 0]
    many = np.random.default_rng(8).integers(256, size=(50, 200, 300, 3), dtype=np.uint8)  # more than is read at once
    np.testing.assert_allclose(mean_intensity(many), [one.mean() for one in many])
    assert labels_carried(TRUTH).tolist() == [0, 0, 1, 2, 2, 1]


def test_bad_input_is_refused():
    with pytest.raises(InvalidInput, match="3 values for 2 slices"):
        error_by([1, 2, 3], [True, False])
    with pytest.raises(InvalidInput, match="probabilities hold nan"):
        worst_slices([[1]], [[np.nan]])
    with pytest.raises(InvalidInput, match="from 0 to 1"):
        false_positives([1], [0.5], 1.5)
