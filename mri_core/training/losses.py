"""What training minimises: one function a loss, one line each in LOSSES.

A loss takes truth and probabilities, (n, labels) float32, and returns one value a slice, (n,).
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def asymmetric(truth: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """Cross-entropy that lets easy negatives fade.

    Ben-Baruch et al., "Asymmetric loss for multi-label classification" (2021), with their focusing of 4 for negatives
    and none for positives, and a margin of 0.05 under which a negative counts nothing.
    """
    tiny = keras.config.epsilon()
    shifted = tf.maximum(probabilities - 0.05, 0.0)
    positive = truth * tf.math.log(tf.maximum(probabilities, tiny))
    negative = (1 - truth) * shifted**4 * tf.math.log(tf.maximum(1 - shifted, tiny))
    return -tf.reduce_mean(positive + negative, axis=-1)


LOSSES: dict[str, Loss] = {
    "binary_crossentropy": keras.losses.binary_crossentropy,
    "categorical_crossentropy": keras.losses.categorical_crossentropy,
    "poisson": keras.losses.poisson,
    "focal": keras.losses.binary_focal_crossentropy,
    "asymmetric": asymmetric,
}


def balanced_weights(prevalence: np.ndarray) -> np.ndarray:
    """How much each label's negatives and positives weigh, (2, labels), so that both halves count the same in all.

    prevalence: (labels,) share of training slices that carry each label. A label that is always or never on weighs 1.
    """
    known = (prevalence > 0) & (prevalence < 1)
    share = np.where(known, prevalence, 0.5)
    return 0.5 / np.stack([1 - share, share])


def weighted(loss: Loss, weights: np.ndarray) -> Loss:
    """A loss that averages over labels, with weights (2, labels) for where the truth is 0 and 1."""
    negative, positive = tf.constant(weights, tf.float32)

    def of_each_label(truth: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
        each = loss(truth[..., tf.newaxis], probabilities[..., tf.newaxis])
        return tf.reduce_mean(each * (truth * positive + (1 - truth) * negative), axis=-1)

    return of_each_label
