"""A Keras model computed the way a training step wants it: the same function and weights, in less time.

`Network` walks the graph of a model, whose weights stay the model's own, and

- keeps constant factors pending (1/255, the 1 / (1 - rate) of dropout) and multiplies them into the next convolution's
  kernel, or into what a dense layer's product came to, whichever is the smaller;
- keeps a grey slice that the model repeats into three channels at one. It meets the sum of the kernel's channels, and
  that sum is what is trained: the channels all get the sum's gradient, so it moves as far as all of them together;
- takes convolution, ReLU, pooling and dropout in one piece (kernels.py);
- leaves out the rows and columns at the edge that poolings drop;
- normalises batches with TensorFlow's fused operation;
- computes in bfloat16 where asked, with weights, statistics and the last layer in float32 (Micikevicius et al.,
  "Mixed precision training", 2018; Kalamkar et al., "A study of bfloat16 for deep learning training", 2019).

A layer without a rule here is called as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from mri_core.training.kernels import LEVELS, conv_relu_pool_dropout, dropped_levels, keep_mask, relu_dropout


@dataclass(frozen=True)
class _Value:
    """`factor` times a tensor (n, H, W, C) or (n, units), whose channels are still to be repeated `copies` times."""

    tensor: tf.Tensor
    factor: float = 1.0
    copies: int = 1


class Network:
    """The training pass of a Keras model.

    variables: what an optimizer moves, float32; `write_back` brings the model's weights up to date with them.
    speeds: one a variable, how many weights of the model each of its elements moves for.
    state: all that a pass follows from: the variables, how far repeated channels are apart, moving statistics, and what
    is random in layers that have no rule here.
    """

    def __init__(self, model: keras.Model, dtype: str, seed: int) -> None:
        """dtype: "float32" or "bfloat16", what activations are computed in. seed: of the dropout."""
        self._model, self._dtype, self._seed = model, tf.as_dtype(dtype), seed
        self._layers = [layer for layer in model.layers if not isinstance(layer, layers.InputLayer)]
        self._extent = _used_extent(self._layers, model.input_shape[1:3])
        self._shared = _after_repetition(self._layers)
        self.variables: list[tf.Variable] = [variable.value for variable in model.trainable_variables]
        self.speeds = [1] * len(self.variables)
        if self._shared is not None:
            by_channel = _by_channel(self._shared.kernel.numpy())
            self._sum = tf.Variable(by_channel.sum(axis=-2))
            self._apart = tf.Variable(by_channel - by_channel.mean(axis=-2, keepdims=True), trainable=False)
            place = next(i for i, own in enumerate(model.trainable_variables) if own is self._shared.kernel)
            self.variables[place], self.speeds[place] = self._sum, by_channel.shape[-2]
        apart = [] if self._shared is None else [self._apart]
        self.state = [*self.variables, *apart, *(variable.value for variable in model.non_trainable_variables)]

    def write_back(self) -> None:
        """Give the model the weights that were trained in their place.

        The channels stay as far apart as they began; where weights decay, Keras would let that shrink, unseen by a
        slice that is the same in all of them.
        """
        if self._shared is not None:
            channels = self._apart.numpy() + self._sum.numpy()[..., None, :] / self._apart.shape[-2]
            self._shared.kernel.assign(channels.reshape(self._shared.kernel.shape))

    def __call__(self, slices: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Probabilities (n, labels) float32 of slices (n, H, W, C) uint8, with dropout.

        step: int64 scalar, counted through the run; with the seed it decides what dropout drops.
        """
        height, width = self._extent
        values = {id(self._model.inputs[0]): _Value(tf.cast(slices[:, :height, :width], self._dtype))}
        number = 0
        while number < len(self._layers):
            group = _group(self._layers[number:])
            inputs = [values[id(tensor)] for tensor in tf.nest.flatten(group[0].input)]
            values[id(group[-1].output)] = self._compute(group, inputs, step, number)
            number += len(group)
        return tf.cast(_whole(values[id(self._model.outputs[0])]), tf.float32)

    def _compute(self, group: Sequence[Any], inputs: Sequence[_Value], step: tf.Tensor, number: int) -> _Value:
        layer, value = group[0], inputs[0]
        match layer:
            case layers.Rescaling(offset=0.0):
                return _Value(value.tensor, value.factor * layer.scale)
            case layers.Concatenate() if _repeats(layer):
                return _Value(value.tensor, value.factor, len(inputs))
            case layers.Flatten():
                size = value.tensor.shape[1] * value.tensor.shape[2] * value.tensor.shape[3]
                return _Value(tf.reshape(value.tensor, [-1, size]), value.factor, value.copies)
            case layers.Conv2D() | layers.Dense() if len(group) > 1:
                return self._with_dropout(group, value, step, number)
            case layers.Dense() if layer.activation is keras.activations.sigmoid:
                return _Value(tf.sigmoid(self._dense(layer, value, tf.float32)))
            case layers.Conv2D() if not layer.use_bias and layer.activation is keras.activations.linear:
                kernel = tf.cast(self._kernel(layer) * value.factor, self._dtype)
                return _Value(tf.nn.conv2d(value.tensor, kernel, layer.strides, layer.padding.upper()))
            case layers.BatchNormalization():
                return _Value(self._normalised(layer, _whole(value)))
            case layers.ReLU():
                return _Value(tf.nn.relu(value.tensor), value.factor, value.copies)
            case layers.MaxPooling2D(pool_size=(2, 2), padding="valid"):
                return _Value(tf.nn.max_pool2d(value.tensor, 2, 2, "VALID"), value.factor, value.copies)
            case layers.Add():
                return _Value(tf.add_n([_whole(each) for each in inputs]))
            case _:
                whole = [_whole(each) for each in inputs]
                return _Value(layer(whole if len(whole) > 1 else whole[0], training=True))

    def _with_dropout(self, group: Sequence[Any], value: _Value, step: tf.Tensor, number: int) -> _Value:
        """A layer with ReLU, pooling after a convolution, and dropout, whose scale is left pending."""
        layer, dropout = group[0], group[-1]
        shape = tf.concat([tf.shape(value.tensor)[:1], self._shape_of(group, value)], 0)
        keep = keep_mask(shape, dropout.rate, self._seed, step, number)
        if isinstance(layer, layers.Dense):
            outputs = relu_dropout(self._dense(layer, value, self._dtype), keep)
        else:
            kernel = tf.cast(self._kernel(layer) * value.factor, self._dtype)
            bias = tf.cast(layer.bias.value, self._dtype)
            outputs = conv_relu_pool_dropout(value.tensor, kernel, bias, keep)
        return _Value(outputs, LEVELS / (LEVELS - dropped_levels(dropout.rate)))

    def _shape_of(self, group: Sequence[Any], value: _Value) -> list[int]:
        if isinstance(group[0], layers.Dense):
            return [group[0].units]
        sizes = zip(value.tensor.shape[1:3], group[0].kernel_size, strict=True)
        return [*((size - kernel + 1) // 2 for size, kernel in sizes), group[0].filters]

    def _kernel(self, layer: Any) -> tf.Tensor:
        """A layer's kernel, with the sum of its channels in place of them where they meet a repeated slice."""
        if layer is not self._shared:
            return layer.kernel.value
        return self._sum[:, :, None] if isinstance(layer, layers.Conv2D) else self._sum

    def _dense(self, layer: Any, value: _Value, dtype: tf.DType) -> tf.Tensor:
        """A dense layer without its activation, (n, units)."""
        product = tf.matmul(tf.cast(value.tensor, dtype), tf.cast(self._kernel(layer), dtype))
        return product * value.factor + tf.cast(layer.bias.value, dtype)

    def _normalised(self, layer: Any, inputs: tf.Tensor) -> tf.Tensor:
        scale = layer.gamma.value if layer.scale else tf.ones(inputs.shape[-1])
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs, scale=scale, offset=layer.beta.value, mean=[], variance=[], epsilon=layer.epsilon
        )
        for moving, batch in ((layer.moving_mean.value, mean), (layer.moving_variance.value, variance)):
            moving.assign_sub((moving - batch) * (1 - layer.momentum))
        return outputs


def _group(following: Sequence[Any]) -> Sequence[Any]:
    """The next layer, with the pooling and the dropout that can be computed in one piece with it."""
    layer, *rest = following[:3]
    if getattr(layer, "activation", None) is not keras.activations.relu or not layer.use_bias:
        return following[:1]
    if isinstance(layer, layers.Dense) and rest and isinstance(rest[0], layers.Dropout) and _feeds(layer, rest[0]):
        return following[:2]
    if isinstance(layer, layers.Conv2D) and len(rest) == 2 and _is_plain(layer):
        pooling, dropout = rest
        fits = isinstance(pooling, layers.MaxPooling2D) and isinstance(dropout, layers.Dropout)
        if fits and _halves(pooling) and _feeds(layer, pooling) and _feeds(pooling, dropout):
            return following[:3]
    return following[:1]


def _feeds(layer: Any, following: Any) -> bool:
    return following.input is layer.output


def _is_plain(layer: Any) -> bool:
    return layer.strides == (1, 1) and layer.padding == "valid" and layer.dilation_rate == (1, 1) and layer.groups == 1


def _halves(layer: Any) -> bool:
    return layer.pool_size == (2, 2) and layer.strides == (2, 2) and layer.padding == "valid"


def _repeats(layer: Any) -> bool:
    return len({id(tensor) for tensor in layer.input}) == 1


def _after_repetition(following: Sequence[Any]) -> Any | None:
    """The layer whose kernel meets a repeated grey slice, None where there is none."""
    repeated = [number for number, layer in enumerate(following) if isinstance(layer, layers.Concatenate)]
    if not repeated or not _repeats(following[repeated[0]]):
        return None
    weighted = (layer for layer in following[repeated[0] :] if layer.trainable_variables)
    return next((layer for layer in weighted if isinstance(layer, (layers.Conv2D, layers.Dense))), None)


def _by_channel(kernel: Any) -> Any:
    """A kernel with its channels on the last axis but one; a flattened slice has them interleaved."""
    return kernel if kernel.ndim == 4 else kernel.reshape(-1, 3, kernel.shape[-1])


def _used_extent(following: Sequence[Any], size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of a slice that reach the output: a pooling drops an odd last one, and what only it needed."""
    kernels = []
    for layer in following:
        if isinstance(layer, layers.Conv2D) and _is_plain(layer):
            kernels.append(layer.kernel_size)
        elif isinstance(layer, layers.MaxPooling2D) and _halves(layer):
            kernels.append(None)
        elif not isinstance(layer, (layers.Rescaling, layers.Concatenate, layers.Dropout)):
            break

    def used(edge: int, axis: int) -> int:
        sizes = [edge]
        for kernel in kernels:
            sizes.append(sizes[-1] // 2 if kernel is None else sizes[-1] - kernel[axis] + 1)
        needed = sizes[-1]
        for kernel in reversed(kernels):
            needed = needed * 2 if kernel is None else needed + kernel[axis] - 1
        return needed

    return used(size[0], 0), used(size[1], 1)


def _whole(value: _Value) -> tf.Tensor:
    """The tensor with what was pending carried out."""
    tensor = value.tensor if value.factor == 1 else value.tensor * tf.cast(value.factor, value.tensor.dtype)
    return tensor if value.copies == 1 else tf.concat([tensor] * value.copies, -1)
