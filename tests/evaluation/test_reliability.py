"""Reliability against scikit-learn, the parts of the Brier score against their sum, and both by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from mri_core.errors import InvalidInput
from mri_core.evaluation.proportion import wilson
from mri_core.evaluation.reliability import BINNINGS, believed, brier_parts, reliability

STRATEGIES = {"equal mass": "quantile", "equal width": "uniform"}
SLICES = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60)


def label(slices: int = 999) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    probabilities = rng.beta(0.5, 1.5, slices)
    return (rng.random(slices) < probabilities**1.5).astype(np.uint8), probabilities


@pytest.mark.parametrize("binning", BINNINGS)
@pytest.mark.parametrize("bins", [1, 5, 15])
def test_the_curve_is_that_of_scikit_learn(binning, bins):
    truth, probabilities = label()
    curve = reliability(truth, probabilities, binning, bins)
    observed, probability = calibration_curve(truth, probabilities, n_bins=bins, strategy=STRATEGIES[binning])
    np.testing.assert_allclose(curve.observed, observed)
    np.testing.assert_allclose(curve.probability, probability)
    low, high = wilson(curve.observed * curve.slices, curve.slices)
    np.testing.assert_allclose([curve.low, curve.high], [low, high])


@pytest.mark.parametrize("binning", BINNINGS)
def test_a_probability_on_an_edge_belongs_to_the_bin_that_scikit_learn_puts_it_in(binning):
    truth, probabilities = np.arange(50) % 3 == 0, np.tile(np.linspace(0, 1, 5), 10)
    curve = reliability(truth, probabilities, binning, 4)
    observed, _ = calibration_curve(truth, probabilities, n_bins=4, strategy=STRATEGIES[binning])
    np.testing.assert_allclose(curve.observed, observed)
    assert curve.slices[0] == 20  # 0 and 0.25


def test_by_hand():
    truth, probabilities = [0, 1, 1, 1], [0.1, 0.3, 0.8, 0.8]
    curve = reliability(truth, probabilities, "equal width", 2)
    assert curve.slices.tolist() == [2, 2]
    assert (curve.lower.tolist(), curve.upper.tolist()) == ([0, 0.5], [0.5, 1])
    assert curve.probability.tolist() == pytest.approx([0.2, 0.8])
    assert curve.observed.tolist() == [0.5, 1]
    assert curve.expected_calibration_error == pytest.approx((0.3 + 0.2) / 2)
    parts = brier_parts(truth, probabilities, curve)
    assert parts.brier == pytest.approx((0.01 + 0.49 + 0.04 + 0.04) / 4)
    assert parts.reliability == pytest.approx((0.09 + 0.04) / 2)
    assert parts.resolution == pytest.approx(0.25**2)
    assert parts.uncertainty == pytest.approx(0.75 * 0.25)
    assert parts.binned == pytest.approx((2 * 0.5 * 0.5 + 2 * 0.3**2 + 2 * 0.2**2) / 4)


def test_bins_of_equal_mass_hold_as_many_slices_each():
    truth, probabilities = label(1000)
    assert set(reliability(truth, probabilities, "equal mass", 10).slices.tolist()) == {100}


@pytest.mark.parametrize("binning", BINNINGS)
@settings(deadline=None)
@given(SLICES)
def test_the_parts_add_up_to_the_binned_score(binning, slices):
    truth, probabilities = (np.array(column, dtype=float) for column in zip(*slices, strict=True))
    curve = reliability(truth, probabilities, binning)
    parts = brier_parts(truth, probabilities, curve)
    assert parts.binned == pytest.approx(parts.reliability - parts.resolution + parts.uncertainty, abs=1e-12)
    assert parts.brier == pytest.approx(brier_score_loss(truth, probabilities))
    assert curve.slices.sum() == len(slices)
    assert 0 <= curve.expected_calibration_error <= 1


@pytest.mark.parametrize("binning", BINNINGS)
def test_the_binned_score_is_that_of_the_bins_means(binning):
    truth, probabilities = label()
    curve = reliability(truth, probabilities, binning)
    order = np.argsort(probabilities)
    means = np.repeat(curve.probability, curve.slices)  # bins are in the order of probability
    expected = brier_score_loss(truth[order], means)
    assert brier_parts(truth, probabilities, curve).binned == pytest.approx(expected)


@settings(deadline=None)
@given(SLICES, st.randoms())
def test_the_order_of_slices_does_not_matter(slices, random):
    errors = []
    for some in (slices, random.sample(slices, len(slices))):
        truth, probabilities = zip(*some, strict=True)
        errors.append(reliability(truth, probabilities).expected_calibration_error)
    assert errors[0] == pytest.approx(errors[1])


def test_a_calibrated_model_has_next_to_no_error():
    rng = np.random.default_rng(0)
    probabilities = rng.random(100_000)
    truth = rng.random(100_000) < probabilities
    assert reliability(truth, probabilities).expected_calibration_error < 0.01
    assert reliability(truth, probabilities**3).expected_calibration_error > 0.1


@pytest.mark.parametrize(
    ("truth", "probabilities", "bins"),
    [([0, 0, 0], [0.1, 0.2, 0.3], 3), ([1, 1], [0.4, 0.4], 1), ([1], [0.0], 1), ([1, 0], [0.0, 1.0], 2)],
    ids=["no positives", "all positives, all equal", "one slice", "two slices"],
)
def test_few_slices_and_one_class(truth, probabilities, bins):
    curve = reliability(truth, probabilities)
    assert len(curve.slices) == bins and curve.slices.sum() == len(truth)
    assert np.isfinite([curve.low, curve.high, curve.observed]).all()
    parts = brier_parts(truth, probabilities, curve)
    assert parts.binned == pytest.approx(parts.reliability - parts.resolution + parts.uncertainty)


def test_labels_and_all_of_them_pooled():
    one, two = label(), (1 - label()[0], label()[1] ** 2)
    truth, probabilities = np.stack([one[0], two[0]], 1), np.stack([one[1], two[1]], 1)
    labels, pooled = believed(truth, probabilities, ["a", "b"])
    assert list(labels) == ["a", "b"]
    assert labels["b"].curve.expected_calibration_error == reliability(*two).expected_calibration_error
    assert pooled.curve.slices.sum() == 2 * len(truth)
    assert pooled.brier.brier == pytest.approx((labels["a"].brier.brier + labels["b"].brier.brier) / 2)


def test_bad_input_is_refused():
    with pytest.raises(InvalidInput, match="probabilities hold nan"):
        reliability([1, 0], [np.nan, 0.5])
    with pytest.raises(InvalidInput, match="expected 1 or more"):
        reliability([1, 0], [0.5, 0.5], bins=0)
