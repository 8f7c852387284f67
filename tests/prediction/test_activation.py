"""Maps of a network's own features: where evidence was planted, whatever the architecture, and what the theory says."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from mri_core.models import ARCHITECTURES
from mri_core.models.build import average_with_mirror, build_model
from mri_core.prediction import activation
from mri_core.prediction.activation import find_activation
from mri_core.prediction.evidence import EVIDENCE
from mri_core.prediction.export import to_onnx
from mri_core.prediction.last_features import last_features
from mri_core.prediction.model_file import MODEL_ONNX, ModelDescription
from mri_core.prediction.predictor import Predictor

WITHOUT_PLACES = {"dense", "linear"}
PLACE = (slice(14, 24), slice(40, 50))


def predictor(model: keras.Model, folder: Path) -> Predictor:
    (folder / MODEL_ONNX).write_bytes(to_onnx(model).SerializeToString())
    shape = model.input_shape[1:]
    description = ModelDescription(
        run="r", dataset={}, labels=("bright", "dark"), thresholds={}, image_shape=shape[:2], onnx_difference=0
    )
    return Predictor(description, None, folder)


def planted(shape: tuple[int, int] = (64, 64)) -> np.ndarray:
    seen = np.full(shape, 20, np.uint8)
    seen[PLACE] = 230
    return seen


def bright(shape: tuple[int, int], flatten: bool = False) -> keras.Model:
    """The first label is on for bright pixels, anywhere; the second for none."""
    slices = keras.Input((*shape, 1), dtype="uint8", name="slices")
    x = layers.Rescaling(1 / 255)(slices)
    for _ in range(2):
        x = layers.Conv2D(1, 3, padding="same", kernel_initializer="ones", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x) if flatten else layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(2, activation="sigmoid")(x)
    model = keras.Model(slices, outputs)
    weights = np.full((x.shape[-1], 2), 0.5 / np.sqrt(x.shape[-1]), np.float32) * [1, -1]
    model.layers[-1].set_weights([weights, np.zeros(2)])
    return model


@pytest.mark.parametrize("mirrored", [False, True], ids=["as it is", "averaged with its mirror image"])
@pytest.mark.parametrize("shape", [(64, 64), (56, 80)])
def test_the_peak_is_where_the_evidence_was_planted(shape: tuple[int, int], mirrored: bool, tmp_path: Path) -> None:
    """A single brightness at the right: a map that mistook the mirrored path would have half of it at the left."""
    model = bright(shape, flatten=not mirrored)
    found = find_activation(predictor(average_with_mirror(model) if mirrored else model, tmp_path), planted(shape))
    assert found is not None and found["bright"].shape == shape
    peak = np.unravel_index(found["bright"].argmax(), shape)
    assert all(part.start <= place < part.stop for part, place in zip(PLACE, peak, strict=True))
    np.testing.assert_allclose(found["dark"], -found["bright"], atol=1e-4)
    assert found["bright"][:, : shape[1] // 3].max() < 0.25 * found["bright"].max()


def test_before_a_linear_end_it_is_the_class_activation_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zhou et al. (2016): the channels weighted as the mean over places weighs them, computed here from Keras."""
    keras.utils.set_random_seed(0)
    slices = keras.Input((32, 32, 1), dtype="uint8", name="slices")
    features = layers.Conv2D(5, 4, strides=2, activation="relu")(layers.Rescaling(1 / 255)(slices))
    model = keras.Model(slices, layers.Dense(2, activation="sigmoid")(layers.GlobalAveragePooling2D()(features)))
    seen = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
    maps = keras.Model(slices, features)(seen[np.newaxis, ..., np.newaxis]).numpy()[0] @ model.layers[-1].kernel.numpy()
    monkeypatch.setattr(activation, "AROUND", 0)
    found = find_activation(predictor(model, tmp_path), seen)
    assert found is not None
    for label, one in zip(("bright", "dark"), np.moveaxis(maps, -1, 0) / 15**2, strict=True):
        at_middles = (found[label][1:30:2, 1:30:2] + found[label][2:31:2, 2:31:2]) / 2  # a middle lies between pixels
        across = (found[label][1:30:2, 2:31:2] + found[label][2:31:2, 1:30:2]) / 2
        np.testing.assert_allclose((at_middles + across)[1:-1, 1:-1] / 2, _between(one)[1:-1, 1:-1], atol=1e-5)


def _between(one: np.ndarray) -> np.ndarray:
    """Linear interpolation a quarter of a step to all sides, averaged: what four pixels around a middle see."""
    padded = np.pad(one, 1, mode="edge")
    rows = 0.75 * padded[1:-1] + 0.125 * (padded[:-2] + padded[2:])
    return 0.75 * rows[:, 1:-1] + 0.125 * (rows[:, :-2] + rows[:, 2:])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_has_a_map_of_features_or_none(architecture: str, tmp_path: Path) -> None:
    """And another one once its weights are shuffled: the sanity check of Adebayo et al. (2018)."""
    keras.utils.set_random_seed(0)
    model = build_model(architecture, (64, 64), 2, 1)
    seen = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    made = predictor(model, tmp_path)
    before = EVIDENCE["activation"].find(made, seen)
    if architecture in WITHOUT_PLACES:
        assert before is None and EVIDENCE["activation"].absent
        return
    assert before is not None
    np.testing.assert_array_equal(before["bright"], EVIDENCE["activation"].find(made, seen)["bright"])
    (features,) = last_features(tmp_path / MODEL_ONNX)
    kept = features.of(seen[..., np.newaxis])
    expected = model(seen[np.newaxis, ..., np.newaxis]).numpy()
    np.testing.assert_allclose(1 / (1 + np.exp(-features.scores(kept[np.newaxis]))), expected, atol=1e-5)
    assert 12 <= min(kept.shape[1:]) <= 20
    random = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(random.permutation(weight.numpy().ravel()).reshape(weight.shape))
    after = find_activation(predictor(model, tmp_path), seen)
    assert abs(np.corrcoef(before["bright"].ravel(), after["bright"].ravel())[0, 1]) < 0.8


def test_a_model_without_a_file_has_none() -> None:
    description = ModelDescription(run="r", dataset={}, labels=(), thresholds={}, image_shape=(8, 8), onnx_difference=0)
    assert find_activation(Predictor(description, None), np.zeros((8, 8), np.uint8)) is None
