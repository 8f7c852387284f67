"""A run's calibration: patients stay together where they are known, and two fits to the same slices are the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from mri_core.errors import InvalidInput
from mri_core.evaluation.calibration import fit_calibrations
from mri_core.evaluation.predictions import Predictions
from mri_core.prediction.judged_run import open_judged_run
from mri_core.prediction.run_calibration import calibration_of
from mri_core.runs.store import RunStore


@pytest.fixture
def judged(trained):
    """The run on validation, as if it had predicted a thousand slices of forty patients."""
    rng = np.random.default_rng(2)
    logits = rng.normal(-0.5, 1.5, (1000, 3))
    truth = (rng.random(logits.shape) < expit(logits)).astype(np.uint8)
    truth[:, 2] = 0
    run = RunStore(trained.settings).get(trained.run_id)
    found = open_judged_run(run, "validation", trained.settings)
    stored = Predictions(np.arange(1000).astype(str), truth, expit(2 * logits), found.stored.label_names)
    patients = np.array([f"p{number}" for number in rng.integers(40, size=1000)], dtype=object)
    return replace(found, stored=stored, patients=patients)


def losses(fitted):
    return {name: pytest.approx(one.compared) for name, one in fitted.items()}


def test_patients_are_held_out_together_where_they_are_known(judged):
    found = calibration_of(judged)
    assert list(found.fitted) == ["label 1", "label 2"] and "label 3 has 0 positives" in found.refused["label 3"]
    ours = {name: one.compared for name, one in found.fitted.items()}
    seen: dict[str, int] = {}
    numbered = [seen.setdefault(patient, len(seen)) for patient in judged.patients]
    alone, _ = fit_calibrations(judged.stored)
    assert ours != losses(alone)
    by_patient, _ = fit_calibrations(judged.stored, numbered)
    assert ours == losses(by_patient)
    judged.patients[3] = None  # one that is missing makes all unknown
    assert {name: one.compared for name, one in calibration_of(judged).fitted.items()} == losses(alone)


def test_a_later_fit_to_the_same_slices_is_the_stored_one(judged):
    found = calibration_of(judged)
    assert not found.is_stored and found.shown == found.fitted
    earlier = {name: replace(one, date="2020-01-01T00:00:00+00:00") for name, one in found.fitted.items()}
    described = judged.description.model_copy(update={"calibration": earlier})
    again = calibration_of(replace(judged, description=described))
    assert again.is_stored and again.shown == earlier
    other = described.model_copy(update={"calibration": {"label 1": earlier["label 1"]}})
    assert not calibration_of(replace(judged, description=other)).is_stored


def test_only_validation_is_fitted_to(judged):
    with pytest.raises(InvalidInput, match="chosen on test; expected validation"):
        calibration_of(replace(judged, split="test"))
