"""A fit that ends at any instant and is resumed comes to the very bits of one that nothing disturbed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from mri_core.models.build import build_model
from mri_core.training.checkpoint import CheckpointWriter, newest_checkpoint
from mri_core.training.fit import fit
from mri_core.training.presets import make_spec


class KilledError(Exception):
    """Stands for the end of the process: nothing of the fit survives it but its files."""


@pytest.fixture(autouse=True)
def _reports_after_every_step(monkeypatch) -> None:
    monkeypatch.setattr("mri_core.training.clock.REPORT_SECONDS", 0)


def train(dataset, folder: Path, spec, end: int | None = None, stop: bool = False) -> tuple[Any, list, Any]:
    """end: the number of the report at which it is killed, or stopped by the user."""
    keras.utils.set_random_seed(spec.seed)
    model = build_model(spec.architecture, dataset.image_shape, 2, spec.channels)
    begun = newest_checkpoint(folder)
    history, reports = list(begun.history), []

    def on_progress(progress) -> bool:
        reports.append(progress)
        if len(reports) != end:
            return False
        if not stop:
            raise KilledError
        return True

    with CheckpointWriter(folder) as writer:
        fitted = fit(model, dataset, spec, "float32", on_progress, history.append, writer, begun)
    return model, history, fitted


def without_seconds(history: list) -> list:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history]


ALL_THAT_IS_RANDOM = {"flips": "both", "flip_mode": "random", "shift": 2, "intensity": 0.1}
CASES = {
    "adam": ("dense-adam", {"epochs": 3, **ALL_THAT_IS_RANDOM}),
    "averaged": ("dense-adam", {"epochs": 3, "weight_averaging": 0.9, "schedule": "cosine"}),
    "normalised": ("recommended-fast", {"epochs": 2}),
    "nesterov": ("linear", {"epochs": 3, "optimizer": "nesterov", "weight_decay": 0.01}),
    "rmsprop": ("linear", {"epochs": 3, "optimizer": "rmsprop"}),
    "patience": ("linear", {"epochs": 20, "optimizer": "sgd", "learning_rate": 1, "patience": 2}),
}


@pytest.mark.parametrize("case", CASES)
def test_killed_anywhere_it_ends_with_the_same_bits(dataset, tmp_path, case, monkeypatch):
    preset, changes = CASES[case]
    spec = make_spec(preset, {"flips": "none", "batch_size": 32, **changes})
    whole, told, fitted = train(dataset, tmp_path / "whole", spec)
    monkeypatch.setattr("mri_core.training.fit.EVERY_SECONDS", -1)  # a checkpoint after every step
    for end in (4, 9, 2):  # in the first epoch; in a later one; at once
        with pytest.raises(KilledError):
            train(dataset, tmp_path / "killed", spec, end)
    model, history, resumed = train(dataset, tmp_path / "killed", spec)
    assert without_seconds(history) == without_seconds(told)
    assert resumed.best_epoch == fitted.best_epoch
    for mine, undisturbed in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, undisturbed)


def test_what_was_stopped_goes_on_from_that_very_step(dataset, tmp_path):
    spec = make_spec("linear", {"flips": "none", "batch_size": 32, "epochs": 3})
    whole, told, _ = train(dataset, tmp_path / "whole", spec)
    _, _, stopped = train(dataset, tmp_path / "stopped", spec, end=10, stop=True)
    assert stopped.stopped and newest_checkpoint(tmp_path / "stopped").taken == 7
    model, history, resumed = train(dataset, tmp_path / "stopped", spec)
    assert not resumed.stopped and resumed.seconds > stopped.seconds
    assert without_seconds(history) == without_seconds(told)
    for mine, undisturbed in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, undisturbed)


def test_a_fit_that_was_over_trains_no_more(dataset, tmp_path):
    spec = make_spec("linear", {"flips": "none", "batch_size": 32, "epochs": 2})
    whole, told, _ = train(dataset, tmp_path, spec)
    before = newest_checkpoint(tmp_path).taken
    model, history, _ = train(dataset, tmp_path, spec)
    assert newest_checkpoint(tmp_path).taken == before and history == told
    for mine, undisturbed in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, undisturbed)
