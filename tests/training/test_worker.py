"""The training process, run as the engine runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest

from mri_core.datasets.dataset import open_dataset
from mri_core.datasets.demo.generate import make_demo
from mri_core.evaluation.predictions import LEFT_OUT, load_predictions, load_splits
from mri_core.runs.store import RunStore
from mri_core.training.parts import learnt_and_left_out
from mri_core.training.presets import make_spec


def run_worker(settings, run_id: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "mri_core.training.worker", run_id]
    return subprocess.run(command, env=os.environ | settings.environment(), capture_output=True, text=True)


def test_a_finished_run_has_everything(trained):
    run = RunStore(trained.settings).get(trained.run_id)
    dataset = open_dataset("demo", trained.settings)
    assert run.status == "finished" and run.error is None and run.parameters == 2_579_003
    assert [row["epoch"] for row in run.history] == [1, 2, 3] and run.best_epoch in (1, 2, 3)
    assert run.timing.peak_memory_mb > 100 and run.timing.images_per_second > 0
    files = {path.name for path in run.folder.iterdir() if not path.name.startswith(".")}
    assert {"model.keras", "model.onnx", "model.json", "predictions.parquet"} <= files
    assert not [name for name in files if name.startswith("new-")]
    described = json.loads((run.folder / "model.json").read_text())
    assert described["labels"] == list(dataset.label_names) and described["image_shape"] == [64, 64]
    assert 0 <= described["onnx_difference"] <= 1e-5
    for split in ("validation", "test"):
        stored = load_predictions(run.folder, split)
        rows = dataset.rows(split)
        np.testing.assert_array_equal(stored.truth, dataset.truth[rows])
        assert stored.ids.tolist() == dataset.index["id"].iloc[rows].tolist()
        session = onnxruntime.InferenceSession(run.folder / "model.onnx")
        (answer,) = session.run(None, {"slices": dataset.pixels[rows][..., None]})
        np.testing.assert_allclose(answer, stored.probabilities, atol=1e-5)
    keras_file = (run.folder / "model.keras").read_bytes()
    assert keras_file[:2] == b"PK"


@pytest.fixture
def small(home):
    return make_demo(home, slices=100)


def test_a_changed_data_set_fails_in_words(home, small):
    run = RunStore(home).create(make_spec("cnn"), small.name, "another fingerprint", small.label_names)
    done = run_worker(home, run.id)
    found = RunStore(home).get(run.id)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert found.status == "failed" and "data set 'demo' has changed since this run was queued" in found.error


def test_a_run_stopped_while_it_was_loading_stays_stopped(home, small):
    store = RunStore(home)
    run = store.create(make_spec("cnn"), small.name, small.fingerprint, small.label_names)
    store.request_stop(run.id)
    assert run_worker(home, run.id).returncode == 0
    assert store.get(run.id).status == "stopped" and store.get(run.id).history == ()


@pytest.mark.parametrize("preset", ["recommended", "linear"])
def test_every_kind_of_preset_trains_and_its_export_agrees(home, small, preset):
    """With all that can be asked for: averaged weights, smoothed and weighted labels, mirrored answers."""
    changes = {
        "epochs": 2,
        "class_weights": "balanced",
        "label_smoothing": 0.05,
        "weight_averaging": 0.9,
        "test_time_flips": True,
    }
    run = RunStore(home).create(make_spec(preset, changes), small.name, small.fingerprint, small.label_names)
    done = run_worker(home, run.id)
    found = RunStore(home).get(run.id)
    assert (found.status, found.error, done.returncode) == ("finished", None, 0)
    assert found.device.endswith(("float32", "bfloat16"))
    stored, rows = load_predictions(run.folder, "test"), small.rows("test")
    session = onnxruntime.InferenceSession(run.folder / "model.onnx")
    straight, mirrored = (
        session.run(None, {"slices": slices[..., None]})[0]
        for slices in (small.pixels[rows], small.pixels[rows][:, :, ::-1])
    )
    np.testing.assert_allclose(straight, stored.probabilities, atol=1e-5)
    np.testing.assert_allclose(straight, mirrored, atol=1e-5)


def test_a_part_that_is_left_out_is_not_learnt_from_but_judged(home):
    dataset = make_demo(home, slices=300)
    spec = make_spec("linear", {"epochs": 1, "batch_size": 16, "left_out": 2})
    run = RunStore(home).create(spec, dataset.name, dataset.fingerprint, dataset.label_names)
    done = run_worker(home, run.id)
    assert (RunStore(home).get(run.id).status, done.returncode) == ("finished", 0)
    learnt, left_out = learnt_and_left_out(dataset, spec)
    assert RunStore(home).get(run.id).progress.steps == -(-len(learnt) // 16)
    stored = load_splits(run.folder)
    assert list(stored) == ["validation", "test", LEFT_OUT]
    assert stored[LEFT_OUT].ids.tolist() == dataset.index["id"].iloc[left_out].tolist()
    session = onnxruntime.InferenceSession(run.folder / "model.onnx")
    (answer,) = session.run(None, {"slices": dataset.pixels[left_out][..., None]})
    np.testing.assert_allclose(answer, stored[LEFT_OUT].probabilities, atol=1e-5)
