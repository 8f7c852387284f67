"""Evidence lies where it was planted, whatever the model is, and another model finds it elsewhere."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from mri_core.charts.evidence import AGAINST, FOR, overlay
from mri_core.datasets.dataset import open_dataset
from mri_core.prediction.evidence import find_evidence
from mri_core.prediction.export import save_model
from mri_core.prediction.model_file import MODEL_KERAS, ModelDescription
from mri_core.prediction.predictor import Predictor, load_predictor


class Bright:
    """Stands for a model: one label is on where a corner is bright, the other where it is dark."""

    def __init__(self, rows: slice, columns: slice) -> None:
        self.rows, self.columns = rows, columns
        self.asked = 0

    def get_inputs(self):
        return [type("Input", (), {"name": "slices"})()]

    def run(self, _outputs, given):
        (slices,) = given.values()
        self.asked += len(slices)
        corner = slices[:, self.rows, self.columns].astype(float).mean(axis=(1, 2, 3)) / 255
        return [np.stack([corner, 1 - corner], axis=1).astype(np.float32)]


def predictor(model: Bright, shape: tuple[int, ...]) -> Predictor:
    description = ModelDescription(
        run="r", dataset={}, labels=("bright", "dark"), thresholds={}, image_shape=shape, onnx_difference=0
    )
    return Predictor(description, model)


@pytest.mark.parametrize("shape", [(64, 64), (40, 56), (64, 64, 3)])
@pytest.mark.parametrize("corner", [(slice(8, 20), slice(8, 20)), (slice(25, 37), slice(38, 50))])
def test_the_peak_is_where_the_model_looks(shape: tuple[int, ...], corner: tuple[slice, slice]) -> None:
    seen = np.full(shape, 60, np.uint8)
    seen[corner] = 230
    found = find_evidence(predictor(Bright(*corner), shape), seen)
    peak = np.unravel_index(found["bright"].argmax(), found["bright"].shape)
    assert all(part.start <= place < part.stop for part, place in zip(corner, peak, strict=True))
    assert found["dark"].shape == shape[:2] and found["dark"][peak] < 0 < found["bright"][peak]


def test_a_model_that_looks_elsewhere_finds_other_evidence() -> None:
    seen = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    one = find_evidence(predictor(Bright(slice(0, 12), slice(0, 12)), (64, 64)), seen)["bright"]
    other = find_evidence(predictor(Bright(slice(50, 62), slice(50, 62)), (64, 64)), seen)["bright"]
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.5


def test_it_is_the_same_each_time_and_asks_as_often_as_said() -> None:
    model = Bright(slice(0, 12), slice(0, 12))
    seen = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    one, again = (find_evidence(predictor(model, (64, 64)), seen, masks=120)["bright"] for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert model.asked == 240


def test_a_trained_model_loses_its_evidence_with_its_weights(trained, tmp_path: Path) -> None:
    """The sanity check of Adebayo et al., "Sanity checks for saliency maps" (2018)."""
    folder = trained.settings.runs / trained.run_id
    model = keras.models.load_model(folder / MODEL_KERAS, compile=False)
    random = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(random.permutation(weight.numpy().ravel()).reshape(weight.shape))
    own = load_predictor(folder)
    save_model(model, tmp_path, own.description.model_copy(update={"run": "random"}))
    seen = np.asarray(open_dataset("demo", trained.settings).pixels[0])
    label = own.description.labels[0]
    before, after = (find_evidence(one, seen)[label] for one in (own, load_predictor(tmp_path)))
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] < 0.8


def test_the_overlay_tints_for_and_against_and_spares_the_rest() -> None:
    seen = np.full((2, 3), 100, np.uint8)
    evidence = np.array([[1.0, -1.0, 0.0], [0.1, 0.5, 0.0]])
    found = overlay(seen, evidence, 1.0)
    assert tuple(found[0, 0]) == FOR and tuple(found[0, 1]) == AGAINST
    assert (found[0, 2] == 100).all() and (found[1, 0] == 100).all()
    assert (overlay(seen, evidence, 0.0) == 100).all() and (overlay(seen, 0 * evidence, 1.0) == 100).all()
    assert overlay(np.zeros((2, 3, 3), np.uint8), evidence, 0.5).shape == (2, 3, 3)
