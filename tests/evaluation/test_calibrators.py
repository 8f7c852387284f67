"""Every calibrator of CALIBRATORS: monotone, JSON, better on what it was fitted to; temperatures that are known."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from mri_core.evaluation.calibrators import CALIBRATORS, smoothed_targets
from mri_core.evaluation.log_loss import log_losses

GRID = np.linspace(0, 1, 1001)


def miscalibrated(temperature: float, shift: float = 0.0, slices: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Truth drawn from logits, and probabilities of a model whose logits are those times the temperature, shifted."""
    rng = np.random.default_rng(7)
    values = rng.normal(-0.5, 2, slices)
    return (rng.random(slices) < expit(values)).astype(np.uint8), expit(temperature * values + shift)


def loss(kind: str, truth: np.ndarray, probabilities: np.ndarray) -> float:
    calibrator = CALIBRATORS[kind]
    return float(log_losses(truth, calibrator.apply(probabilities, calibrator.fit(truth, probabilities))).mean())


@pytest.mark.parametrize("temperature", [0.5, 0.8, 1.0, 1.5, 3.0])
def test_a_known_temperature_is_recovered(temperature):
    truth, probabilities = miscalibrated(temperature)
    found = CALIBRATORS["temperature"].fit(truth, probabilities)
    assert found["temperature"] == pytest.approx(temperature, rel=0.05)


def test_a_known_line_is_recovered():
    truth, probabilities = miscalibrated(2.0, shift=1.0)
    found = CALIBRATORS["platt"].fit(truth, probabilities)
    assert found["slope"] == pytest.approx(0.5, rel=0.05)
    assert found["intercept"] == pytest.approx(-0.5, abs=0.05)


def test_the_line_is_scikit_learns_logistic_regression():
    truth, probabilities = miscalibrated(2.0, shift=1.0)
    line = LogisticRegression(C=1e9, tol=1e-8).fit(logit(probabilities)[:, np.newaxis], truth)
    found = CALIBRATORS["platt"].fit(truth, probabilities)
    assert found["slope"] == pytest.approx(line.coef_[0, 0], rel=1e-2)  # the targets are smoothed a little
    assert found["intercept"] == pytest.approx(line.intercept_[0], abs=1e-2)


def test_the_curve_is_scikit_learns_isotonic_regression():
    truth, probabilities = miscalibrated(2.0, slices=500)
    curve = IsotonicRegression(out_of_bounds="clip").fit(probabilities, smoothed_targets(truth))
    found = CALIBRATORS["isotonic"].fit(truth, probabilities)
    np.testing.assert_allclose(CALIBRATORS["isotonic"].apply(GRID, found), curve.predict(GRID), atol=1e-12)


def test_smoothed_targets_by_hand():
    assert smoothed_targets(np.array([1, 0, 1, 0, 0])).tolist() == [3 / 4, 1 / 5, 3 / 4, 1 / 5, 1 / 5]


@pytest.mark.parametrize("kind", CALIBRATORS)
def test_fitting_never_hurts_where_it_was_fitted(kind):
    truth, probabilities = miscalibrated(3.0, shift=1.0)
    assert loss(kind, truth, probabilities) <= loss("identity", truth, probabilities)


DEGENERATE = {
    "two slices": ([1, 0], [0.9, 0.2]),
    "no positives": ([0, 0, 0], [0.9, 0.2, 0.1]),
    "all positives": ([1, 1, 1], [0.9, 0.2, 0.1]),
    "certain": ([1, 0, 1, 0], [1.0, 0.0, 1.0, 0.0]),
    "certain and wrong": ([0, 1, 0, 1], [1.0, 0.0, 1.0, 0.0]),
    "one probability": ([1, 0, 1, 0], [0.3, 0.3, 0.3, 0.3]),
    "upside down": ([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9]),
}


@pytest.mark.parametrize("case", list(DEGENERATE.values()), ids=list(DEGENERATE))
@pytest.mark.parametrize("kind", CALIBRATORS)
def test_any_fit_is_monotone_inside_0_and_1_and_plain_json(kind, case):
    truth, probabilities = np.array(case[0]), np.array(case[1])
    parameters = CALIBRATORS[kind].fit(truth, probabilities)
    assert json.loads(json.dumps(parameters, allow_nan=False)) == parameters
    curve = CALIBRATORS[kind].apply(GRID, parameters)
    assert ((curve >= 0) & (curve <= 1)).all()
    assert (np.diff(curve) >= 0).all()


@pytest.mark.parametrize("kind", CALIBRATORS)
@settings(deadline=None, max_examples=10)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1, width=32)), min_size=2, max_size=30), st.randoms())
def test_the_order_of_slices_does_not_matter(kind, slices, random):
    curves = []
    for some in (slices, random.sample(slices, len(slices))):
        truth, probabilities = (np.array(column) for column in zip(*some, strict=True))
        curves.append(CALIBRATORS[kind].apply(GRID, CALIBRATORS[kind].fit(truth.astype(int), probabilities)))
    np.testing.assert_allclose(*curves, atol=1e-3)  # a search ends where sums are nearly level


def test_applying_needs_numpy_alone():
    """Prediction applies calibrations in a server that should load neither SciPy nor scikit-learn for it."""
    code = """
import sys
import numpy as np
from mri_core.evaluation.calibrators import CALIBRATORS
some = {"temperature": 2.0, "slope": 1.0, "intercept": 0.5, "x": [0.1, 0.9], "y": [0.2, 0.8]}
for calibrator in CALIBRATORS.values():
    calibrator.apply(np.array([[0.2], [0.7]]), some)
assert not {"scipy", "sklearn", "pandas"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
