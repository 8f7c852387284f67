"""`model.json`: what is saved is what is read, by many writers at once, and decisions outlive a calibration."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mri_core.errors import InvalidInput, NotFound, StorageError
from mri_core.evaluation.calibration import Calibration, calibrated, fit_calibration
from mri_core.evaluation.predictions import Predictions
from mri_core.evaluation.thresholds import choose_threshold
from mri_core.prediction.model_file import (
    forget_thresholds,
    read_description,
    save_calibration,
    save_thresholds,
)
from mri_core.prediction.predictor import Predictor

OLD = {
    "run": "r", "dataset": {"name": "demo", "fingerprint": "f"}, "labels": ["a", "b"],
    "thresholds": {"a": 0.5, "b": 0.5}, "image_shape": [64, 64], "onnx_difference": 0.0,
}  # fmt: skip
"""What a version without threshold choices and calibration wrote."""


def predictions() -> Predictions:
    rng = np.random.default_rng(0)
    truth = (rng.random((500, 2)) < 0.4).astype(np.uint8)
    probabilities = np.clip(0.3 + 0.3 * truth + rng.normal(0, 0.2, truth.shape), 0.01, 0.99).astype(np.float32)
    return Predictions(np.arange(500).astype(str), truth, probabilities, ("a", "b"))


STORED = predictions()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.json").write_text(json.dumps(OLD))
    return tmp_path


def fitted(column: int = 0, kinds: tuple[str, ...] = ("platt",)) -> Calibration:
    return fit_calibration(STORED.truth[:, column], STORED.probabilities[:, column], "a", kinds=kinds)


def on(folder: Path) -> list[list[bool]]:
    """What the model in the folder concludes of the stored slices."""
    description = read_description(folder)
    limits = [description.thresholds[name] for name in description.labels]
    return (calibrated(STORED.probabilities, description.labels, description.calibration) >= limits).tolist()


def test_an_older_file_can_be_read(folder):
    description = read_description(folder)
    assert description.thresholds == {"a": 0.5, "b": 0.5}
    assert description.threshold_choices == description.calibration == {}


def test_chosen_thresholds_are_the_models(folder):
    choice = choose_threshold(STORED, "a", "sensitivity", 0.9)
    saved = save_thresholds(folder, [choice])
    assert read_description(folder) == saved
    assert saved.thresholds == {"a": choice.value, "b": 0.5}
    assert saved.threshold_choices == {"a": choice}
    assert sorted(path.name for path in folder.iterdir()) == [".model.json.lock", "model.json"]
    stored = json.loads((folder / "model.json").read_text())["threshold_choices"]["a"]
    assert (stored["rule"], stored["parameter"], stored["split"]) == ("sensitivity", 0.9, "validation")


def test_a_score_that_does_not_exist_is_kept_as_such(folder):
    every = Predictions(STORED.ids, np.ones_like(STORED.truth), STORED.probabilities, ("a", "b"))
    save_thresholds(folder, [choose_threshold(every, "a", "max-f1")])
    assert read_description(folder).threshold_choices["a"].operating_point.specificity is None


def test_many_writers_lose_nothing(folder):
    choices = [choose_threshold(STORED, label, "max-f1") for label in ("a", "b")] * 8
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda choice: save_thresholds(folder, [choice]), choices))
    assert set(read_description(folder).threshold_choices) == {"a", "b"}


@pytest.mark.parametrize("kind", ["identity", "temperature", "platt"])
def test_decisions_outlive_a_calibration_put_on_and_taken_off(folder, kind):
    choices = [choose_threshold(STORED, "a", "max-f1")]
    save_thresholds(folder, choices)
    before = on(folder)
    calibration = fitted(kinds=(kind,))
    saved = save_calibration(folder, {"a": calibration})
    assert read_description(folder) == saved
    assert saved.calibration == {"a": calibration}
    assert saved.threshold_choices["a"].calibrated == calibration.date
    assert saved.threshold_choices["a"].value == saved.thresholds["a"]
    assert on(folder) == before
    removed = save_calibration(folder, {})
    assert on(folder) == before
    assert removed.calibration == {} and removed.threshold_choices["a"].calibrated is None
    assert removed.thresholds == pytest.approx({"a": choices[0].value, "b": 0.5}, rel=1e-9)


def test_a_forgotten_threshold_is_that_of_a_new_model(folder):
    new = on(folder)
    save_thresholds(folder, [choose_threshold(STORED, label, "max-f1") for label in ("a", "b")])
    chosen = read_description(folder)
    saved = forget_thresholds(folder, ["a"])
    assert saved == read_description(folder)
    assert saved.thresholds == {"a": 0.5, "b": chosen.thresholds["b"]} and list(saved.threshold_choices) == ["b"]
    calibrated_model = save_calibration(folder, {"b": fitted(1)})
    saved = forget_thresholds(folder, ["b"])
    assert saved.threshold_choices == {} and saved.calibration == calibrated_model.calibration
    assert saved.thresholds["b"] != 0.5 and on(folder) == new
    with pytest.raises(InvalidInput, match="no label 'c'"):
        forget_thresholds(folder, ["a", "c"])


def test_isotonic_ties_only_ever_switch_on(folder):
    before = np.array(on(folder))
    save_calibration(folder, {"a": fitted(kinds=("isotonic",))})
    after = np.array(on(folder))
    assert (after | ~before).all()
    save_calibration(folder, {})
    assert on(folder) == after.tolist()


def test_one_labels_calibration_leaves_the_others_thresholds(folder):
    save_thresholds(folder, [choose_threshold(STORED, "b", "youden")])
    before = read_description(folder)
    after = save_calibration(folder, {"a": fitted()})
    assert after.thresholds["b"] == before.thresholds["b"]
    assert after.threshold_choices["b"] == before.threshold_choices["b"]
    again = save_calibration(folder, after.calibration)
    assert again == after


def test_a_threshold_chosen_before_the_calibration_changed_is_refused(folder):
    early = choose_threshold(STORED, "a", "max-f1")
    description = save_calibration(folder, {"a": fitted()})
    with pytest.raises(InvalidInput, match=r"the calibration of a has changed .*: choose it again"):
        save_thresholds(folder, [early])
    assert read_description(folder) == description
    save_thresholds(folder, [choose_threshold(STORED, "a", "max-f1", calibration=description.calibration)])


def test_labels_that_the_model_does_not_have_are_refused(folder):
    other = Predictions(STORED.ids, STORED.truth, STORED.probabilities, ("a", "c"))
    with pytest.raises(InvalidInput, match="no label 'c'; it has a, b"):
        save_thresholds(folder, [choose_threshold(other, "c", "max-f1")])
    with pytest.raises(InvalidInput, match="no label 'c'"):
        save_calibration(folder, {"c": fitted()})


def test_a_missing_or_damaged_file_is_said(tmp_path):
    with pytest.raises(NotFound, match="no model yet"):
        save_calibration(tmp_path, {})
    assert list(tmp_path.iterdir()) == []
    damaged: dict[str, Any] = {"kind": "magic", "parameters": {}, "log_loss_before": 1, "log_loss_after": 1}
    damaged |= {"compared": {}, "support": 1, "split": "validation", "date": ""}
    (tmp_path / "model.json").write_text(json.dumps(OLD | {"calibration": {"a": damaged}}))
    with pytest.raises(StorageError, match="cannot be read"):
        save_thresholds(tmp_path, [])


def test_a_rule_nobody_knows_is_said(folder):
    saved = save_thresholds(folder, [choose_threshold(STORED, "a", "max-f1")])
    (folder / "model.json").write_text(saved.model_dump_json().replace("max-f1", "magic"))
    with pytest.raises(StorageError, match="cannot be read"):
        read_description(folder)


def test_a_disk_that_refuses_is_said(folder):
    (folder / ".model.json.lock").mkdir()
    with pytest.raises(StorageError, match=r"cannot create .*model\.json\.lock: Is a directory"):
        save_calibration(folder, {})


class Session:
    """Stands for the exported model: gives the stored probabilities of the slices whose numbers are their pixels."""

    def get_inputs(self) -> list[Any]:
        return [self]

    name = "slices"

    def run(self, _outputs: None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        pixels = feed[self.name].astype(int)
        return [STORED.probabilities[pixels[:, 0, 0, 0]]]


def test_prediction_calibrates_as_evaluation_does(folder):
    calibration = {"a": fitted(kinds=("isotonic",)), "b": fitted(1, ("temperature",))}
    predictor = Predictor(save_calibration(folder, calibration), Session())
    slices = np.repeat(np.arange(200, dtype=np.uint8), 64 * 64).reshape(200, 64, 64)
    given = predictor.probabilities(slices)
    np.testing.assert_array_equal(given, calibrated(STORED.probabilities, ("a", "b"), calibration)[:200])
    np.testing.assert_array_equal(predictor.outputs(slices), STORED.probabilities[:200])
    assert (given != STORED.probabilities[:200]).any()
