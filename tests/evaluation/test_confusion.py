"""Counts at any threshold against counting, and candidates against scikit-learn's curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_curve, roc_curve

from mri_core.errors import InvalidInput
from mri_core.evaluation.confusion import ConfusionAt

SLICES = st.lists(st.tuples(st.booleans(), st.floats(0, 1, width=32)), min_size=1, max_size=40)
COUNTS = ("true_positives", "false_positives", "false_negatives", "true_negatives")


def label(slices: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    truth = (rng.random(slices) < 0.3).astype(np.uint8)
    return truth, np.clip(0.3 + 0.3 * truth + rng.normal(0, 0.2, slices), 0, 1).round(2)


@settings(deadline=None)
@given(SLICES, st.floats(0, 1))
def test_counts_are_those_of_counting(slices, threshold):
    truth, probabilities = map(np.array, zip(*slices, strict=True))
    at = ConfusionAt.of(truth, probabilities)(threshold)
    (tn, fp), (fn, tp) = confusion_matrix(truth, probabilities >= threshold, labels=[False, True])
    assert [int(getattr(at, name)) for name in COUNTS] == [tp, fp, fn, tn]


@settings(deadline=None)
@given(SLICES)
def test_candidates_part_the_slices_in_every_way_once(slices):
    truth, probabilities = map(np.array, zip(*slices, strict=True))
    candidates = ConfusionAt.of(truth, probabilities).candidates()
    ways = [(probabilities >= one).tolist() for one in candidates]
    levels = np.unique(probabilities)
    expected = [(probabilities >= one).tolist() for one in levels]
    assert ways == [*expected, [False] * len(truth)][: len(levels) + (levels[-1] < 1)]
    assert ((candidates >= 0) & (candidates <= 1)).all()


@settings(deadline=None)
@given(SLICES, st.randoms())
def test_the_order_of_slices_does_not_matter(slices, random):
    shuffled = random.sample(slices, len(slices))
    one, two = (ConfusionAt.of(*zip(*some, strict=True)) for some in (slices, shuffled))
    assert one.positives.tolist() == two.positives.tolist()
    assert one.negatives.tolist() == two.negatives.tolist()


def test_candidates_lie_midway():
    at = ConfusionAt.of([1, 0, 1], [0.2, 0.4, 0.9])
    assert at.candidates().tolist() == pytest.approx([0.1, 0.3, 0.65, 0.95])
    assert ConfusionAt.of([1, 0], [0.0, 1.0]).candidates().tolist() == [0, 0.5]
    close = np.nextafter(0.5, 1)
    assert ConfusionAt.of([1, 0], [0.5, close]).candidates()[1] == close


def test_the_scores_are_those_of_scikit_learn():
    truth, probabilities = label()
    at = ConfusionAt.of(truth, probabilities)
    precision, recall, thresholds = precision_recall_curve(truth, probabilities)
    np.testing.assert_allclose(at(thresholds).precision, precision[:-1])
    np.testing.assert_allclose(at(thresholds).sensitivity, recall[:-1])
    false_rate, true_rate, thresholds = roc_curve(truth, probabilities, drop_intermediate=False)
    np.testing.assert_allclose(at(thresholds).sensitivity, true_rate)
    np.testing.assert_allclose(1 - at(thresholds).specificity, false_rate, atol=1e-12)
    assert float(at(0.4).f1) == pytest.approx(f1_score(truth, probabilities >= 0.4))


def test_scores_without_positives_negatives_or_predictions_are_undefined():
    nothing = ConfusionAt.of([0, 0], [0.1, 0.2])(0.15)
    assert np.isnan([nothing.sensitivity, nothing.f1]).all()
    assert nothing.specificity == 0.5
    everything = ConfusionAt.of([1, 1], [0.1, 0.2])(0.9)
    assert np.isnan([everything.specificity, everything.precision]).all()
    assert everything.f1 == everything.sensitivity == 0


def test_bad_input_is_refused():
    with pytest.raises(InvalidInput, match="probabilities hold nan"):
        ConfusionAt.of([1, 0], [np.nan, 0.5])
