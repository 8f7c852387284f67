"""Every format: what is written answers as the predictor does, calibrated, and its script works alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.errors import InvalidInput, NotFound, StorageError
from mri_core.evaluation.calibration import Calibration
from mri_core.exporting import FORMATS, file_format
from mri_core.exporting.export import VERIFIED, export_model
from mri_core.images.prepare import with_channels
from mri_core.prediction.model_file import read_description, write_description
from mri_core.prediction.predictor import load_predictor

PARAMETERS = {
    "temperature": {"temperature": 1.7},
    "platt": {"slope": 0.6, "intercept": -0.8},
    "isotonic": {"x": [0.1, 0.3, 0.8], "y": [0.05, 0.2, 0.97]},
}


@pytest.fixture
def folder(trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the trained run's folder, whose model is calibrated by another kind for every label."""
    copy = tmp_path_factory.mktemp("run") / "run"
    shutil.copytree(trained.settings.runs / trained.run_id, copy)
    description = read_description(copy)
    chosen = {
        label: Calibration(kind, parameters, 0.5, 0.4, {}, 100, "validation", "2026-11-25T00:00:00+00:00")
        for label, (kind, parameters) in zip(description.labels, PARAMETERS.items(), strict=True)
    }
    write_description(copy, description.model_copy(update={"calibration": chosen}))
    return copy


@pytest.fixture
def dataset(trained) -> Dataset:
    return open_dataset("demo", trained.settings)


@pytest.mark.parametrize("name", FORMATS)
def test_answers_as_the_predictor_and_its_script_too(name: str, folder: Path, dataset: Dataset, tmp_path: Path) -> None:
    out = tmp_path / f"model{FORMATS[name].suffix}"
    exported = export_model(folder, name, out, dataset, example=True)
    assert {file.name for file in exported.files} == {file.name for file in tmp_path.iterdir()}
    assert exported.files[0] == out and exported.difference < 1e-5 and not exported.of_noise
    rows = dataset.rows("validation")
    assert exported.slices == min(len(rows), VERIFIED) and exported.takes == (*dataset.image_shape, 1)
    expected = load_predictor(folder).probabilities(dataset.pixels[rows[:5]])
    np.testing.assert_allclose(FORMATS[name].answers(out, with_channels(dataset.pixels[rows[:5]])), expected, atol=1e-5)

    Image.fromarray(dataset.pixels[rows[0]]).save(tmp_path / "slice.png")
    script = next(file for file in exported.files if file.suffix == ".py")
    assert len([line for line in script.read_text().splitlines() if line.strip()]) <= 15
    assert "mri_core" not in script.read_text()
    command = [sys.executable, "-P", str(script), str(out), str(tmp_path / "slice.png")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    thresholds = read_description(folder).thresholds
    told = dict(line.split(": ") for line in printed.splitlines() if line.startswith("label "))
    for (label, threshold), probability in zip(thresholds.items(), expected[0], strict=True):
        value, state = told[label].split()
        assert float(value) == pytest.approx(probability, abs=1e-4)
        assert state == ("on" if probability >= threshold else "off")


def test_the_facts_are_inside_an_onnx_file(folder: Path, dataset: Dataset, tmp_path: Path) -> None:
    import onnx

    export_model(folder, "onnx", tmp_path / "model.onnx", dataset)
    told = {entry.key: json.loads(entry.value) for entry in onnx.load(tmp_path / "model.onnx").metadata_props}
    description = read_description(folder)
    assert tuple(told["labels"]) == description.labels and told["thresholds"] == description.thresholds
    assert [one["kind"] for one in told["calibration"].values()] == list(PARAMETERS)
    assert told["dataset"]["fingerprint"] == dataset.fingerprint


def test_without_its_data_a_model_is_verified_on_noise(folder: Path, tmp_path: Path) -> None:
    exported = export_model(folder, "onnx", tmp_path / "model.onnx", None)
    assert exported.of_noise and exported.slices == VERIFIED and exported.difference < 1e-5


REFUSED = {
    "another suffix": ("onnx", "model.keras", InvalidInput, "should be called model.onnx"),
    "an unknown format": ("mat", "model.mat", NotFound, "expected one of onnx, keras, litert, openvino"),
    "a folder that is not there": ("onnx", "nowhere/model.onnx", StorageError, "cannot write"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_written_says_why(case: str, folder: Path, tmp_path: Path) -> None:
    name, file, kind, said = REFUSED[case]
    with pytest.raises(kind, match=said):
        export_model(folder, name, tmp_path / file, None)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_format, "find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match="pip install ai-edge-litert"):
        export_model(folder, "litert", tmp_path / "model.tflite", None)
