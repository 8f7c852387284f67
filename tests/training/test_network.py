"""The training pass computes what Keras computes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from mri_core.models import ARCHITECTURES
from mri_core.models.build import build_model
from mri_core.training.kernels import keep_mask
from mri_core.training.network import Network
from mri_core.training.optimizers import OPTIMIZERS

RANDOM = np.random.default_rng(3)
TRUTH = (RANDOM.random((8, 3)) < 0.4).astype(np.float32)


KERAS = {
    "adam": keras.optimizers.Adam,
    "sgd": keras.optimizers.SGD,
    "nesterov": lambda **settings: keras.optimizers.SGD(momentum=0.9, nesterov=True, **settings),
    "rmsprop": keras.optimizers.RMSprop,
}


def slices_of(shape: tuple[int, ...], n: int = 8) -> np.ndarray:
    return RANDOM.integers(0, 256, (n, *shape), dtype=np.uint8)


def without_dropout(model: keras.Model) -> keras.Model:
    for layer in model.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0
    return model


def loss_and_gradients(variables, probabilities_of):
    with tf.GradientTape() as tape:
        probabilities = probabilities_of()
        loss = tf.reduce_mean(keras.losses.binary_crossentropy(TRUTH, probabilities))
    return probabilities.numpy(), [g.numpy() for g in tape.gradient(loss, variables)]


def compare(model: keras.Model, slices: np.ndarray) -> None:
    """Probabilities and gradients of the network against Keras's, with dropout off."""
    statistics = [variable.numpy() for variable in model.non_trainable_variables]
    expected, keras_gradients = loss_and_gradients(model.trainable_variables, lambda: model(slices, training=True))
    after = [variable.numpy() for variable in model.non_trainable_variables]
    for variable, value in zip(model.non_trainable_variables, statistics, strict=True):
        variable.assign(value)
    network = Network(model, "float32", seed=0)
    step = tf.constant(0, tf.int64)
    found, gradients = loss_and_gradients(network.variables, lambda: network(tf.constant(slices), step))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    for ours, theirs in zip(gradients, keras_gradients, strict=True):
        if ours.shape != theirs.shape:  # three channels of a repeated slice, each with the gradient of their sum
            theirs = theirs.reshape(*ours.shape[:-1], 3, ours.shape[-1])
            np.testing.assert_allclose(theirs[..., 0, :], theirs[..., 2, :], atol=1e-6)
            theirs = theirs[..., 0, :]
        # As a whole: a unit within rounding of the ReLU's kink may fall on either side.
        assert np.linalg.norm(ours - theirs) <= 0.05 * np.linalg.norm(theirs) + 1e-6
    for variable, value in zip(model.non_trainable_variables, after, strict=True):
        np.testing.assert_allclose(variable.numpy(), value, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_is_computed_as_by_keras(architecture: str, channels: int) -> None:
    keras.utils.set_random_seed(1)
    compare(without_dropout(build_model(architecture, (64, 64), 3, channels)), slices_of((64, 64, 1)))


@pytest.mark.parametrize("shape", [(64, 64, 3), (47, 53, 3), (65, 50, 3)])
def test_colour_slices_and_odd_sizes(shape: tuple[int, ...]) -> None:
    keras.utils.set_random_seed(1)
    compare(without_dropout(build_model("cnn", shape, 3, 3)), slices_of(shape))


def test_layers_without_a_rule_are_called_as_they_are() -> None:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((16, 16, 1), dtype="uint8")
    x = layers.Rescaling(1 / 255, offset=-0.5)(inputs)
    left = layers.Conv2D(4, 3, activation="tanh")(x)
    right = layers.Conv2D(4, 3, padding="same")(layers.ZeroPadding2D(1)(x))
    right = layers.Cropping2D(2)(right)
    x = layers.AveragePooling2D(2)(layers.Concatenate()([left, right]))
    x = layers.Dense(8, activation="relu")(layers.Flatten()(x))
    compare(keras.Model(inputs, layers.Dense(3, activation="sigmoid")(x)), slices_of((16, 16, 1)))


@pytest.mark.parametrize("architecture", ["cnn", "dense"])
def test_what_is_trained_in_place_of_three_channels_is_written_back(architecture: str) -> None:
    keras.utils.set_random_seed(1)
    model = without_dropout(build_model(architecture, (64, 64), 3, 3))
    slices, step = slices_of((64, 64, 1)), tf.constant(0, tf.int64)
    network = Network(model, "float32", seed=0)
    _, gradients = loss_and_gradients(network.variables, lambda: network(tf.constant(slices), step))
    for variable, gradient in zip(network.variables, gradients, strict=True):
        variable.assign_sub(0.1 * gradient)
    moved = network(tf.constant(slices), step).numpy()
    network.write_back()
    np.testing.assert_allclose(model(slices, training=False).numpy(), moved, atol=1e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("architecture", ["linear", "dense"])
def test_steps_end_where_those_of_keras_do(architecture: str, optimizer: str) -> None:
    """Three repeated channels, whose sum is trained at three times the learning rate."""
    keras.utils.set_random_seed(1)
    model = without_dropout(build_model(architecture, (12, 12), 3, 3))
    theirs = keras.models.clone_model(model)
    theirs.set_weights(model.get_weights())
    slices, rate, step = slices_of((12, 12, 1)), 0.002, tf.constant(0, tf.int64)
    before = model(slices, training=False).numpy()
    network, reference = Network(model, "float32", seed=0), KERAS[optimizer](learning_rate=rate)
    ours = OPTIMIZERS[optimizer](network.variables)
    for number in range(1, 6):
        _, gradients = loss_and_gradients(network.variables, lambda: network(tf.constant(slices), step))
        rates = [tf.constant(rate * speed) for speed in network.speeds]
        ours.apply([tf.constant(one) for one in gradients], rates, None, tf.constant(number, tf.int64))
        _, gradients = loss_and_gradients(theirs.trainable_variables, lambda: theirs(slices, training=True))
        reference.apply(gradients, theirs.trainable_variables)
    network.write_back()
    assert np.abs(before - theirs(slices, training=False)).max() > 0.005
    np.testing.assert_allclose(model(slices, training=False), theirs(slices, training=False), atol=5e-4)


def test_bfloat16_is_close_to_float32() -> None:
    keras.utils.set_random_seed(1)
    model = without_dropout(build_model("cnn", (64, 64), 3, 3))
    slices, step = tf.constant(slices_of((64, 64, 1))), tf.constant(0, tf.int64)
    exact, rounded = (Network(model, precision, seed=0)(slices, step).numpy() for precision in ("float32", "bfloat16"))
    assert 0 < np.abs(exact - rounded).max() < 0.02


@pytest.mark.parametrize("rate", [0.25, 0.35, 0.5])
def test_dropout_keeps_the_expected_sum(rate: float) -> None:
    """Over many steps the mean of a linear layer behind dropout is that without dropout."""
    inputs = keras.Input((4, 4, 1), dtype="uint8")
    x = layers.Dense(64, activation="relu", kernel_initializer="ones", bias_initializer="ones")(
        layers.Flatten()(inputs)
    )
    x = layers.Dropout(rate)(x)
    model = keras.Model(inputs, layers.Dense(1, kernel_initializer=keras.initializers.Constant(1 / 1e4))(x))
    slices = np.full((256, 4, 4, 1), 3, np.uint8)
    network = Network(model, "float32", seed=5)
    values = np.concatenate([network(tf.constant(slices), tf.constant(step, tf.int64)).numpy() for step in range(4)])
    expected = model(slices, training=False).numpy()[0, 0]
    deviation = expected * np.sqrt(rate / (1 - rate) / 64 / len(values))
    assert abs(values.mean() - expected) < 5 * deviation
    assert values.std() > 0


def test_masks_follow_from_seed_step_and_layer() -> None:
    def mask(seed: int, step: int, layer: int) -> np.ndarray:
        return keep_mask(tf.constant([100, 37]), 0.35, seed, tf.constant(step, tf.int64), layer).numpy()

    np.testing.assert_array_equal(mask(1, 2, 3), mask(1, 2, 3))
    others = [mask(2, 2, 3), mask(1, 3, 3), mask(1, 2, 4)]
    for other in others:
        agreeing = (mask(1, 2, 3) == other).mean()
        assert abs(agreeing - (0.35**2 + 0.65**2)) < 0.05
    assert abs(mask(1, 2, 3).mean() - 0.65) < 0.04
