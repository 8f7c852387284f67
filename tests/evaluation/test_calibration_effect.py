"""What a calibration does to probabilities, against calibrating by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss

from mri_core.evaluation.calibration import Calibration
from mri_core.evaluation.calibration_effect import calibration_effects
from mri_core.evaluation.predictions import Predictions

HALVED = Calibration("temperature", {"temperature": 2.0}, 0.7, 0.6, {}, 50, "validation", "2025-01-01T00:00:00+00:00")


@pytest.fixture
def steep() -> Predictions:
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 1.5, (3000, 2))
    truth = (rng.random(logits.shape) < expit(logits)).astype(np.uint8)
    return Predictions(np.arange(3000).astype(str), truth, expit(2 * logits), ("a", "b"))


def test_before_is_the_models_and_after_is_calibrated(steep):
    effects = calibration_effects(steep, {"a": HALVED})
    a, b = effects.labels["a"], effects.labels["b"]
    by_hand = expit(logit(steep.probabilities[:, 0]) / 2)
    assert a.before.brier.brier == pytest.approx(brier_score_loss(steep.truth[:, 0], steep.probabilities[:, 0]))
    assert a.after.brier.brier == pytest.approx(brier_score_loss(steep.truth[:, 0], by_hand))
    assert a.after.curve.expected_calibration_error < a.before.curve.expected_calibration_error / 2
    assert b.after is None and effects.slices == 3000
    both = np.concatenate([by_hand, steep.probabilities[:, 1]])
    assert effects.pooled.after.brier.brier == pytest.approx(brier_score_loss(steep.truth.T.ravel(), both))


def test_without_a_calibration_there_is_no_after(steep):
    effects = calibration_effects(steep, {})
    assert [effect.after for effect in (*effects.labels.values(), effects.pooled)] == [None] * 3


def test_the_document_holds_every_number(steep):
    document = json.loads(json.dumps(calibration_effects(steep, {"a": HALVED}).to_json()))
    assert document["slices"] == 3000 and document["labels"]["b"]["after"] is None
    before = document["labels"]["a"]["before"]
    curve = {name: np.array(values) for name, values in before["curve"].items()}
    assert curve["slices"].sum() == 3000
    gap = np.average(abs(curve["observed"] - curve["probability"]), weights=curve["slices"])
    assert before["expected_calibration_error"] == pytest.approx(gap)
    parts = before["reliability"] - before["resolution"] + before["uncertainty"]
    assert before["binned"] == pytest.approx(parts)
    assert set(document["pooled"]["after"]) == set(before)
