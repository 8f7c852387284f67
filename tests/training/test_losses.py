import keras
import numpy as np
import pytest
import tensorflow as tf

from mri_core.training.losses import LOSSES, asymmetric, balanced_weights, weighted
from mri_core.training.spec import TrainingSpec

RANDOM = np.random.default_rng(0)
TRUTH = (RANDOM.random((20, 3)) < 0.4).astype(np.float32)
PROBABILITIES = RANDOM.uniform(0.01, 0.99, (20, 3)).astype(np.float32)


def test_every_loss_of_the_specification_is_here() -> None:
    assert set(TrainingSpec.model_fields["loss"].annotation.__args__) == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_gives_one_value_a_slice_and_better_answers_cost_less(name: str) -> None:
    loss = LOSSES[name]
    values = loss(tf.constant(TRUTH), tf.constant(PROBABILITIES)).numpy()
    assert values.shape == (20,)
    labelled = TRUTH.any(axis=1)  # categorical cross-entropy has nothing to say about a slice without a label
    good = loss(tf.constant(TRUTH), tf.constant(np.clip(TRUTH, 0.01, 0.99))).numpy()
    assert good[labelled].mean() < values[labelled].mean()


def test_asymmetric_by_hand() -> None:
    truth, probabilities = tf.constant([[1.0, 0.0, 0.0]]), tf.constant([[0.8, 0.45, 0.03]])
    expected = -(np.log(0.8) + 0.4**4 * np.log(0.6) + 0) / 3
    np.testing.assert_allclose(asymmetric(truth, probabilities).numpy(), [expected], rtol=1e-5)


def test_balanced_weights_let_both_halves_count_the_same() -> None:
    prevalence = TRUTH.mean(axis=0)
    weights = balanced_weights(prevalence)
    np.testing.assert_allclose((1 - prevalence) * weights[0], prevalence * weights[1])
    np.testing.assert_allclose((1 - prevalence) * weights[0] + prevalence * weights[1], 1)
    np.testing.assert_array_equal(balanced_weights(np.array([0.0, 1.0])), 1)


def test_weighted_loss_against_numpy() -> None:
    weights = balanced_weights(np.array([0.1, 0.5, 0.9]))
    found = weighted(keras.losses.binary_crossentropy, weights)(tf.constant(TRUTH), tf.constant(PROBABILITIES)).numpy()
    each = -(TRUTH * np.log(PROBABILITIES) * weights[1] + (1 - TRUTH) * np.log(1 - PROBABILITIES) * weights[0])
    np.testing.assert_allclose(found, each.mean(axis=1), rtol=1e-4)


def test_equal_weights_change_nothing() -> None:
    loss = keras.losses.binary_crossentropy
    same = weighted(loss, np.ones((2, 3)))(tf.constant(TRUTH), tf.constant(PROBABILITIES)).numpy()
    np.testing.assert_allclose(same, loss(TRUTH, PROBABILITIES).numpy(), rtol=1e-5)
