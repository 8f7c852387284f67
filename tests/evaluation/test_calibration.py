"""Calibration: what is chosen and refused, that patients stay together, and that thresholds move with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from mri_core.errors import InvalidInput, NotFound
from mri_core.evaluation import calibration as module
from mri_core.evaluation.calibration import (
    FOLDS,
    LEAST_SUPPORT,
    Calibration,
    calibrated,
    calibrated_predictions,
    fit_calibration,
    fit_calibrations,
    remapped,
)
from mri_core.evaluation.calibrators import CALIBRATORS
from mri_core.evaluation.predictions import Predictions


def of(kind: str, **parameters: float | list[float]) -> Calibration:
    return Calibration(kind, parameters, 0.7, 0.6, {}, 50, "validation", "2025-01-01T00:00:00+00:00")


EXAMPLES = {
    "identity": of("identity"),
    "temperature": of("temperature", temperature=1.7),
    "platt": of("platt", slope=0.6, intercept=-0.4),
    "isotonic": of("isotonic", x=[0.1, 0.3, 0.6, 0.7], y=[0.05, 0.4, 0.4, 0.9]),
}
PROBABILITIES = st.floats(0, 1, width=32)


def scores(slices: int = 4000, sharpness: float = 2.5, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    values = rng.normal(-0.5, 2, slices)
    return (rng.random(slices) < expit(values)).astype(np.uint8), expit(sharpness * values + shift)


def test_there_is_an_example_of_every_kind():
    assert list(EXAMPLES) == list(CALIBRATORS)


def test_only_labels_with_a_calibration_change():
    probabilities = np.array([[0.2, 0.2], [0.9, 0.9]], dtype=np.float32)
    changed = calibrated(probabilities, ["a", "b"], {"b": EXAMPLES["temperature"]})
    assert changed.dtype == np.float64
    np.testing.assert_array_equal(changed[:, 0], probabilities[:, 0])
    np.testing.assert_allclose(changed[:, 1], expit(np.log([0.2 / 0.8, 0.9 / 0.1]) / 1.7), rtol=1e-6)
    assert probabilities[0, 1] == np.float32(0.2)  # what was given is left alone


def test_calibrated_predictions_keep_the_rest():
    stored = Predictions(np.array(["x"]), np.array([[1]]), np.array([[0.8]]), ("a",))
    changed = calibrated_predictions(stored, {"a": EXAMPLES["platt"]})
    assert (changed.ids, changed.truth, changed.label_names) == (stored.ids, stored.truth, ("a",))
    assert changed.probabilities[0, 0] == pytest.approx(expit(0.6 * np.log(4) - 0.4))
    assert stored.probabilities[0, 0] == 0.8


@pytest.mark.parametrize("kind", CALIBRATORS)
@settings(deadline=None, max_examples=50)
@given(st.lists(PROBABILITIES, min_size=1, max_size=20))
def test_one_slice_gets_what_it_gets_among_many(kind, values):
    together = calibrated(np.array(values)[:, np.newaxis], ["a"], {"a": EXAMPLES[kind]})
    alone = [calibrated([[value]], ["a"], {"a": EXAMPLES[kind]})[0, 0] for value in values]
    assert together[:, 0].tolist() == alone


def test_a_sharpened_model_is_calibrated_by_its_temperature():
    found = fit_calibration(*scores(), "a", kinds=("identity", "temperature"))
    assert found.kind == "temperature"
    assert found.parameters["temperature"] == pytest.approx(2.5, rel=0.05)
    assert found.log_loss_after == found.compared["temperature"] < found.log_loss_before == found.compared["identity"]
    assert (found.support, found.split) == (int(scores()[0].sum()), "validation")


def test_a_shifted_model_is_calibrated_by_more_than_a_temperature():
    found = fit_calibration(*scores(shift=2.0), "a")
    assert found.kind in ("platt", "isotonic")
    assert list(found.compared) == list(CALIBRATORS)
    assert found.log_loss_after == min(found.compared.values())


def test_a_calibrated_model_gains_next_to_nothing():
    found = fit_calibration(*scores(sharpness=1.0), "a")
    assert found.log_loss_before - found.log_loss_after < 0.002
    assert fit_calibration(*scores(sharpness=1.0), "a", kinds=["identity"]).kind == "identity"


def test_the_loss_is_that_of_slices_held_out():
    """Noise: isotonic regression follows it where it is fitted, which only held-out slices show."""
    rng = np.random.default_rng(0)
    truth, probabilities = (rng.random(300) < 0.5).astype(np.uint8), rng.uniform(0.45, 0.55, 300)
    found = fit_calibration(truth, probabilities, "a")
    curve = CALIBRATORS["isotonic"]
    fitted = curve.apply(probabilities, curve.fit(truth, probabilities))
    assert found.compared["isotonic"] > found.log_loss_before
    assert -np.log(np.where(truth, fitted, 1 - fitted)).mean() < found.log_loss_before


def test_no_patient_is_fitted_to_and_held_out():
    truth, _ = scores(600)
    patients = np.repeat([f"patient {number}" for number in range(30)], 20)
    folds = module._folds(truth, patients)
    assert len(folds) == FOLDS
    assert sorted(np.concatenate([kept for _, kept in folds]).tolist()) == list(range(600))
    for rows, kept in folds:
        assert not set(patients[rows]) & set(patients[kept])


def test_slices_of_a_patient_flatter_unless_they_are_held_out_together():
    """Each patient has one probability and one truth: slice by slice, isotonic regression knows the answers."""
    rng = np.random.default_rng(2)
    patients = np.repeat(np.arange(60), 10)
    truth = np.repeat(rng.random(60) < 0.5, 10).astype(np.uint8)
    probabilities = np.repeat(rng.uniform(0.4, 0.6, 60), 10)
    together = fit_calibration(truth, probabilities, "a", patients).compared["isotonic"]
    assert fit_calibration(truth, probabilities, "a").compared["isotonic"] < together


def test_relabelling_patients_changes_nothing():
    truth, probabilities = scores(600)
    patients = np.repeat(np.arange(30), 20)
    one = fit_calibration(truth, probabilities, "a", patients)
    two = fit_calibration(truth, probabilities, "a", np.array([f"p{number:02d}" for number in patients]))
    assert (one.kind, one.parameters, one.compared) == (two.kind, two.parameters, two.compared)


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        (np.zeros(200), f"a has 0 positives; expected at least {LEAST_SUPPORT}"),
        (np.ones(200), "a has 0 negatives"),
        (np.arange(200) < LEAST_SUPPORT - 1, f"a has {LEAST_SUPPORT - 1} positives"),
        (np.array([0, 1]), "a has 1 positives"),
    ],
    ids=["no positives", "all positives", "too few positives", "two slices"],
)
def test_too_little_support_is_refused(truth, message):
    with pytest.raises(InvalidInput, match=message):
        fit_calibration(truth, np.full(len(truth), 0.5), "a")


@pytest.mark.parametrize(
    ("patients", "message"),
    [
        (np.zeros(200), r"the positives of a come from 1 patient\(s\); expected at least 5"),
        (np.arange(200) // 2 % 4, r"come from 4 patient\(s\)"),
    ],
)
def test_too_few_patients_are_refused(patients, message):
    with pytest.raises(InvalidInput, match=message):
        fit_calibration(np.arange(200) % 2, np.full(200, 0.5), "a", patients)


def test_just_enough_is_enough():
    truth = np.arange(200) < LEAST_SUPPORT
    assert fit_calibration(truth, np.full(200, 0.5), "a", np.arange(200) % FOLDS).support == LEAST_SUPPORT


def test_bad_input_is_said():
    truth, probabilities = scores(300)
    with pytest.raises(InvalidInput, match="chosen on test; expected validation"):
        fit_calibration(truth, probabilities, "a", split="test")
    with pytest.raises(NotFound, match="no calibrator 'beta'; there are identity"):
        fit_calibration(truth, probabilities, "a", kinds=["beta"])
    with pytest.raises(InvalidInput, match="probabilities hold nan"):
        fit_calibration(truth, np.full(300, np.nan), "a")


def test_every_label_is_calibrated_or_refused():
    truth, probabilities = scores(400)
    stored = Predictions(
        np.arange(400).astype(str), np.stack([truth, 0 * truth], 1), np.stack([probabilities] * 2, 1), ("a", "b")
    )
    fitted, refused = fit_calibrations(stored, np.arange(400) % 20)
    assert list(fitted) == ["a"] and list(refused) == ["b"]
    assert refused["b"].startswith("b has 0 positives")
    with pytest.raises(InvalidInput, match="expected validation"):
        fit_calibrations(stored, split="test")


@pytest.mark.parametrize("kind", [kind for kind in CALIBRATORS if kind != "isotonic"])
@settings(deadline=None)
@given(st.lists(PROBABILITIES, min_size=1, max_size=20), PROBABILITIES)
def test_calibrating_keeps_every_decision(kind, values, threshold):
    values = np.clip(values, 1e-6, 1 - 1e-6).astype(np.float32)  # nearer to 0 and 1 a 32-bit sigmoid is blurred
    new = {"a": EXAMPLES[kind]}
    moved = remapped(threshold, "a", {}, new)
    after = calibrated(values[:, np.newaxis], ["a"], new)[:, 0] >= moved
    assert after.tolist() == (values >= np.clip(threshold, 1e-7, 1 - 1e-7)).tolist()


@settings(deadline=None)
@given(st.lists(PROBABILITIES, min_size=1, max_size=20), PROBABILITIES)
def test_isotonic_ties_go_to_the_side_that_is_on(values, threshold):
    new = {"a": EXAMPLES["isotonic"]}
    before = np.array(values) >= threshold
    probabilities = calibrated(np.array(values)[:, np.newaxis], ["a"], new)[:, 0]
    after = probabilities >= remapped(threshold, "a", {}, new)
    assert (after | ~before).all()  # none that was on goes off
    tied = probabilities == calibrated([[threshold]], ["a"], new)[0, 0]
    assert (after == before)[~tied].all()


def test_a_tie_by_hand():
    new = {"a": EXAMPLES["isotonic"]}
    assert remapped(0.5, "a", {}, new) == 0.4  # between 0.3 and 0.6 all are 0.4, and all are on
    assert remapped(0.4, "a", new, {}) == 0.3
    assert remapped(0.95, "a", new, {}) == 1  # nothing reaches it
    assert remapped(0.0, "a", new, {}) == 0


@pytest.mark.parametrize("kind", CALIBRATORS)
@settings(deadline=None)
@given(st.lists(PROBABILITIES, min_size=1, max_size=20), st.floats(0.06, 0.89))
def test_removing_a_calibration_keeps_every_decision(kind, values, threshold):
    old = {"a": EXAMPLES[kind]}
    before = calibrated(np.array(values)[:, np.newaxis], ["a"], old)[:, 0] >= threshold
    assert (np.array(values) >= remapped(threshold, "a", old, {})).tolist() == before.tolist()


@pytest.mark.parametrize("kind", ["temperature", "platt"])
def test_there_and_back_is_where_it_was(kind):
    some = {"a": EXAMPLES[kind]}
    for threshold in np.linspace(0.01, 0.99, 21):
        assert remapped(remapped(threshold, "a", {}, some), "a", some, {}) == pytest.approx(threshold, rel=1e-12)


def test_one_calibration_after_another():
    old, new = {"a": EXAMPLES["temperature"]}, {"a": EXAMPLES["platt"]}
    values = np.linspace(0.001, 0.999, 500)[:, np.newaxis]
    before = calibrated(values, ["a"], old) >= 0.37
    assert ((calibrated(values, ["a"], new) >= remapped(0.37, "a", old, new)) == before).all()
