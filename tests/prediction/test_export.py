"""What is exported answers as Keras does, and is whole in one file."""

from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from mri_core.errors import Superseded
from mri_core.models import ARCHITECTURES
from mri_core.models.build import average_with_mirror, build_model
from mri_core.prediction import export
from mri_core.prediction.model_file import ModelDescription

SLICES = np.random.default_rng(4).integers(0, 256, (5, 64, 64, 1), dtype=np.uint8)


def answers_of(graph: onnx.ModelProto) -> np.ndarray:
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"slices": SLICES})[0]


@pytest.mark.parametrize("large", [2**18, 2**10], ids=["as it is", "with most weights set aside"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_answers_as_keras(architecture: str, large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    keras.utils.set_random_seed(2)
    model = build_model(architecture, (64, 64), 3, 3)
    monkeypatch.setattr(export, "_LARGE", large)
    graph = export.to_onnx(model)
    onnx.checker.check_model(graph)
    assert [value.name for value in graph.graph.input] == ["slices"]
    np.testing.assert_allclose(answers_of(graph), model(SLICES, training=False), atol=export.LARGEST_DIFFERENCE)


def test_a_mirror_averaging_model_is_exported_too() -> None:
    keras.utils.set_random_seed(2)
    model = average_with_mirror(build_model("cnn", (64, 64), 3, 3))
    np.testing.assert_allclose(answers_of(export.to_onnx(model)), model(SLICES, training=False), atol=1e-5)


def test_who_may_not_save_any_more_leaves_the_model_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_text("of the next attempt")

    def refused() -> None:
        raise Superseded("the run is at attempt 2")

    with pytest.raises(Superseded):
        export.save_model(build_model("dense", (64, 64), 3, 3), tmp_path, ModelDescription.model_construct(), refused)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("model.keras", "of the next attempt")]


def test_large_weights_are_in_the_file_once(tmp_path: Path) -> None:
    model = build_model("dense", (64, 64), 3, 3)
    onnx.save(export.to_onnx(model), tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").stat().st_size < 1.1 * 4 * model.count_params()
