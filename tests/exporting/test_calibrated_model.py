"""A calibrated Keras model says what the model and NumPy's calibration say one after the other, saved or not."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from mri_core.evaluation.calibration import Calibration, calibrated
from mri_core.evaluation.calibrators import CALIBRATORS
from mri_core.exporting.calibrated_model import calibrated_model

PARAMETERS = {
    "identity": {},
    "temperature": {"temperature": 1.7},
    "platt": {"slope": 0.6, "intercept": -0.8},
    "isotonic": {"x": [0.1, 0.3, 0.3 + 1e-9, 0.8], "y": [0.05, 0.2, 0.4, 0.97]},
}
EXTREMES = np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.31], [1e-9, 0.29], [0.999, 0.05], [0.2, 0.9]], dtype=np.float32)


def calibration(kind: str, parameters: dict) -> Calibration:
    return Calibration(kind, parameters, 0.5, 0.4, {}, 100, "validation", "2026-11-25T00:00:00+00:00")


@pytest.mark.parametrize("kind", CALIBRATORS)
def test_says_what_numpy_says(kind: str, tmp_path: Path) -> None:
    given = keras.Input((2,))
    chosen = {"b": calibration(kind, PARAMETERS[kind])}
    model = calibrated_model(keras.Model(given, keras.layers.Identity()(given)), ("a", "b"), chosen)
    expected = calibrated(EXTREMES, ("a", "b"), chosen)
    np.testing.assert_allclose(model(EXTREMES), expected, atol=2e-6)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(again(EXTREMES), expected, atol=2e-6)


def test_one_knot_is_a_constant() -> None:
    given = keras.Input((1,))
    chosen = {"a": calibration("isotonic", {"x": [0.4], "y": [0.25]})}
    model = calibrated_model(keras.Model(given, keras.layers.Identity()(given)), ("a",), chosen)
    np.testing.assert_allclose(model(EXTREMES[:, :1]), np.full((6, 1), 0.25))


def test_a_model_without_calibration_stays_itself() -> None:
    given = keras.Input((1,))
    model = keras.Model(given, keras.layers.Identity()(given))
    assert calibrated_model(model, ("a",), {}) is model
