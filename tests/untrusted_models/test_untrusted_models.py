"""A model whose file was exchanged is refused: by its hash, and without one by what Keras and ONNX Runtime refuse."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from mri_core.errors import StorageError
from mri_core.images import READERS
from mri_core.images.apart import unpack_apart
from mri_core.prediction.model_file import (
    MODEL_KERAS,
    MODEL_ONNX,
    check_hash,
    hash_of,
    read_description,
    save_thresholds,
    write_description,
)
from mri_core.prediction.predictor import load_predictor

ROOT = Path(__file__).parents[2]
OURS = "is not the file that was saved when the run ended"
NOT_MODELING = "because it is not a modeling function"
LAMBDA = "deserialization of a `Lambda` layer"
OTHER_KIND = "Please ensure the file is an accessible `.keras` zip file"
REASONS = {
    "CVE-2024-3660, a Lambda layer's code": LAMBDA,
    "CVE-2025-1550, any function by its name": "Could not locate function 'system'",
    "CVE-2025-8747, Keras's own download": NOT_MODELING,
    "CVE-2025-9905, a legacy HDF5 file": OTHER_KIND,
    "CVE-2025-9906, safe mode switched off": NOT_MODELING,
    "CVE-2025-9906, a model that loads another": NOT_MODELING,
    "CVE-2025-49655, a pickle in a layer": "torch",
    "CVE-2025-12058, a vocabulary that is a file": "vocabulary file outside of the model archive",
    "CVE-2024-55459, CVE-2025-12060, CVE-2025-12638, a tar file that leads out": NOT_MODELING,
    "CVE-2026-0897, a shape that fills the memory": "decompression/shape bomb",
    "CVE-2026-1462, a SavedModel elsewhere": "loads an external SavedModel",
    "CVE-2026-1669, weights in an external file": "H5 file with external Dataset",
    "CVE-2026-12479, a layer called ..": "",  # loads, since a layer may be called so, and writes nothing
    "CVE-2026-12480, weights mapped from another file": "H5 file with virtual Dataset",
    "CVE-2026-12481, a Lambda layer within a layer": LAMBDA,
    "GHSA-27f4-p4xq-cxg8, a link to another file": "H5 file with ExternalLink",
    "keras #23010, #23016, weights that inflate without end": "",  # of zeros: no weights at all
    "a pickle": OTHER_KIND,
}
"""Attack -> in which words Keras itself refuses it."""


@pytest.fixture(scope="module")
def told(_trained_home, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What became of all attacks, tried in one process of their own, since it loads TensorFlow."""
    run = _trained_home.settings.runs / _trained_home.run_id
    command = [sys.executable, str(Path(__file__).with_name("hostile_models.py")), str(run)]
    command.append(str(tmp_path_factory.mktemp("attacked")))
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_attack_is_tried_and_code_would_run_without_protection(told: dict[str, Any]) -> None:
    assert told["without protection"] == {"code ran": True}
    assert told.keys() - {"without protection"} == REASONS.keys()


@pytest.mark.parametrize("attack", REASONS)
def test_nothing_of_an_exchanged_model_is_loaded(attack: str, told: dict[str, Any]) -> None:
    found = told[attack]
    assert OURS in found["recorded"]["refused"] and found["left, recorded"] == []


@pytest.mark.parametrize("attack", REASONS)
def test_where_no_hash_is_recorded_it_does_no_harm_either(attack: str, told: dict[str, Any]) -> None:
    found = told[attack]
    assert found["left, unrecorded"] == []
    if "loaded" in found["unrecorded"]:
        assert attack == "CVE-2026-12479, a layer called .."
        return
    assert found["unrecorded"]["refused"].endswith("cannot be loaded; train the run again")
    assert REASONS[attack] in found["unrecorded"]["cause"]


@pytest.fixture
def run(trained, tmp_path: Path) -> Path:
    """A copy of the trained run's folder, which may be changed."""
    return Path(shutil.copytree(trained.settings.runs / trained.run_id, tmp_path / "run"))


def test_training_records_the_hashes_and_later_decisions_keep_them(run: Path) -> None:
    recorded = read_description(run).sha256
    assert recorded == {name: hash_of(run / name) for name in (MODEL_KERAS, MODEL_ONNX)}
    save_thresholds(run, [])
    assert read_description(run).sha256 == recorded
    for name in recorded:
        check_hash(run, name)


def _exchange(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


@pytest.mark.parametrize("change", [_exchange, Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_changed_or_missing_file_is_refused_in_words(run: Path, change: Callable[[Path], object]) -> None:
    change(run / MODEL_ONNX)
    with pytest.raises(StorageError, match="train the run again"):
        load_predictor(run)
    change(run / MODEL_KERAS)
    with pytest.raises(StorageError, match="train the run again"):
        check_hash(run, MODEL_KERAS)


def test_a_run_of_an_older_version_is_loaded(run: Path) -> None:
    document = json.loads((run / "model.json").read_text())
    del document["sha256"]
    (run / "model.json").write_text(json.dumps(document))
    assert load_predictor(run).description.sha256 == {}


@pytest.mark.parametrize("place", ["../secret", "/etc/passwd"])
def test_an_onnx_file_reads_no_other_files(run: Path, place: str) -> None:
    """The weakness of CVE-2024-5187 and CVE-2025-51480: weights that are said to lie in a file elsewhere."""
    np.full(64, 42, np.float32).tofile(run.parent / "secret")
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[64], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": place, "offset": "0", "length": "256"}.items():
        weights.external_data.add(key=key, value=value)
    shape = helper.make_tensor_value_info("y", TensorProto.FLOAT, [64])
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [shape], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    (run / MODEL_ONNX).write_bytes(model.SerializeToString())
    with pytest.raises(StorageError, match=OURS):
        load_predictor(run)
    write_description(run, read_description(run).model_copy(update={"sha256": {}}))
    with pytest.raises(StorageError, match="train the run again"):
        load_predictor(run)


def test_no_reader_takes_a_model(run: Path) -> None:
    """A model that is dropped on a page is a zip of files that are no images, or no image."""
    assert not {".keras", ".onnx", ".h5", ".hdf5", ".pb", ".pkl", ".pt", ".tflite"} & READERS.keys()
    members = dict(unpack_apart((run / MODEL_KERAS).read_bytes(), "model.keras"))
    assert not [path for path in members if path.endswith(tuple(READERS))]
