"""Every architecture: being listed is being tested."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mri_core.errors import InvalidInput, NotFound
from mri_core.models import ARCHITECTURES
from mri_core.models.build import average_with_mirror, build_model, count_parameters


def test_parameter_counts_of_the_study():
    assert count_parameters("cnn", (64, 64), 3) == 33_923
    assert count_parameters("dense", (64, 64), 3) == 2_579_003


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize(("shape", "labels", "channels"), [((64, 64), 3, 3), ((48, 80), 1, 1), ((56, 56, 3), 7, 3)])
def test_gives_probabilities_for_any_fitting_geometry(name, shape, labels, channels):
    model = build_model(name, shape, labels, channels)
    stored = shape[2] if len(shape) == 3 else 1
    slices = np.random.default_rng(0).integers(0, 256, (5, *shape[:2], stored), dtype=np.uint8)
    probabilities = np.asarray(model(slices, training=False))
    assert probabilities.shape == (5, labels)
    assert ((probabilities > 0) & (probabilities < 1)).all()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_has_a_summary_for_users(name):
    summary = (ARCHITECTURES[name].__doc__ or "").splitlines()[0]
    assert summary.endswith(".") and len(summary) > 20


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_normalises_inside(name):
    """Three repeated channels of a grey slice are what a colour model sees of a grey picture: /255 happens within."""

    keras.utils.set_random_seed(1)
    grey = build_model(name, (64, 64), 2, 3)
    colour = build_model(name, (64, 64, 3), 2, 3)
    colour.set_weights(grey.get_weights())
    slices = np.random.default_rng(1).integers(0, 256, (3, 64, 64, 1), dtype=np.uint8)
    np.testing.assert_allclose(grey(slices), colour(np.repeat(slices, 3, axis=-1)), rtol=1e-5)
    layers = {layer.name: layer for layer in grey.layers}
    np.testing.assert_allclose(layers["normalise"](np.array([[[[255]]]], np.uint8)), 1.0)


def test_refuses_what_does_not_fit_in_words():
    with pytest.raises(InvalidInput, match=r"45×45 pixels.*larger slices"):
        build_model("cnn", (45, 45), 3)
    assert build_model("cnn", (46, 46), 3)
    with pytest.raises(InvalidInput, match=r"at least one label; received 0"):
        build_model("dense", (64, 64), 0)
    with pytest.raises(InvalidInput, match=r"channels is 1.*stored with 3; expected 3"):
        build_model("dense", (64, 64, 3), 2, channels=1)
    with pytest.raises(NotFound, match=r"'vgg'.*cnn, dense"):
        build_model("vgg", (64, 64), 3)


def test_averaging_with_the_mirror_is_the_mean_of_both_answers():
    keras.utils.set_random_seed(0)
    model = build_model("residual-small", (32, 32), 2, 1)
    slices = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 1), dtype=np.uint8)
    found = average_with_mirror(model)(slices).numpy()
    expected = (model(slices).numpy() + model(slices[:, :, ::-1]).numpy()) / 2
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(("edge", "stages"), [(64, 3), (128, 4), (256, 5)])
def test_residual_gains_a_stage_with_each_doubling(edge, stages):
    model = build_model("residual", (edge, edge), 3, 1)
    assert sum(isinstance(layer, keras.layers.MaxPooling2D) for layer in model.layers) == stages
