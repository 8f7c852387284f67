"""Pieces of a network's training pass that TensorFlow does not offer in one, with their gradients."""

from __future__ import annotations

import tensorflow as tf

LEVELS = 256
"""Dropout rates are multiples of 1 / LEVELS: one random byte decides about one unit."""


def dropped_levels(rate: float) -> int:
    """How many of the LEVELS values of a byte drop a unit."""
    return round(rate * LEVELS)


def keep_mask(shape: tf.Tensor, rate: float, seed: int, step: tf.Tensor, layer: int) -> tf.Tensor:
    """Which units dropout keeps, bool of `shape`: a function of (seed, step, layer) alone, so that it can be repeated.

    Random bytes from the counter-based generator Philox (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
    2011); as bytes they cost a quarter of what Keras's floats do.
    """
    units = tf.reduce_prod(shape)
    words = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=[(units + 3) // 4],
        key=tf.constant([seed], tf.uint64),
        counter=tf.stack([tf.constant(0, tf.uint64), tf.bitcast(step, tf.uint64) * 1024 + layer]),
        alg=tf.random.Algorithm.PHILOX.value,
        dtype=tf.uint32,
    )
    random = tf.reshape(tf.bitcast(words, tf.uint8), [-1])[:units]
    return tf.reshape(random >= tf.constant(dropped_levels(rate), tf.uint8), shape)


@tf.custom_gradient
def relu_dropout(inputs: tf.Tensor, keep: tf.Tensor) -> tuple[tf.Tensor, object]:
    """ReLU and dropout without its scale. What is left above zero alone tells where the gradient goes."""
    outputs = tf.where(keep, tf.nn.relu(inputs), tf.zeros([], inputs.dtype))

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        return tf.raw_ops.ReluGrad(gradients=upstream, features=outputs), None

    return outputs, gradient


@tf.custom_gradient
def conv_relu_pool_dropout(
    inputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, keep: tf.Tensor
) -> tuple[tf.Tensor, object]:
    """A convolution without padding, ReLU, 2x2 max pooling and dropout without its scale.

    max(relu(x)) = relu(max(x)), so the gradient of the ReLU is taken after the pooling, on a quarter of the values.
    inputs: (n, H, W, C). keep: of the output's shape.
    """
    ones, twos = [1, 1, 1, 1], [1, 2, 2, 1]
    activations = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(inputs, kernel, ones, "VALID"), bias))
    pooled = tf.nn.max_pool2d(activations, 2, 2, "VALID")
    outputs = tf.where(keep, pooled, tf.zeros([], pooled.dtype))

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, None]:
        kept = tf.raw_ops.ReluGrad(gradients=upstream, features=outputs)
        spread = tf.raw_ops.MaxPoolGrad(
            orig_input=activations, orig_output=pooled, grad=kept, ksize=twos, strides=twos, padding="VALID"
        )
        return (
            tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(inputs), filter=kernel, out_backprop=spread, strides=ones, padding="VALID"
            ),
            tf.raw_ops.Conv2DBackpropFilter(
                input=inputs, filter_sizes=tf.shape(kernel), out_backprop=spread, strides=ones, padding="VALID"
            ),
            _sum_by_channel(kept),
            None,
        )

    return outputs, gradient


def _sum_by_channel(values: tf.Tensor) -> tf.Tensor:
    """(n, H, W, C) summed to (C,), as a product with ones: oneDNN adds in float32, in half of BiasAddGrad's time."""
    flat = tf.reshape(values, [-1, values.shape[-1]])
    return tf.reshape(tf.matmul(tf.ones([1, tf.shape(flat)[0]], flat.dtype), flat), [-1])
