"""Optimizers as TensorFlow's fused operations: one pass over a variable where Keras takes a dozen.

OPTIMIZERS maps a name to a function of (variables) -> Optimizer. The rules and their defaults are those of Keras's
optimizers of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import tensorflow as tf

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
RHO, MOMENTUM = 0.9, 0.9


Apply = Callable[[Sequence[tf.Tensor], Sequence[tf.Tensor], tf.Tensor | None, tf.Tensor], None]


@dataclass(frozen=True)
class Optimizer:
    """slots: its memory of earlier gradients, in the order of the variables.

    apply: (gradients, rates, decay, step) moves the variables. rates: the learning rate of each. decay: the share of
    the weights that a step takes away, None for nothing. step counts from 1.
    """

    slots: tuple[tf.Variable, ...]
    apply: Apply


def adam(variables: Sequence[tf.Variable]) -> Optimizer:
    """Kingma & Ba, "Adam: a method for stochastic optimization" (2015). With weight decay this is AdamW."""
    means, variances = _slots(variables), _slots(variables)

    def apply(gradients, rates, decay, step) -> None:
        powers = {f"beta{i}_power": tf.pow(beta, tf.cast(step, tf.float32)) for i, beta in ((1, BETA_1), (2, BETA_2))}
        for variable, mean, variance, gradient, rate in zip(variables, means, variances, gradients, rates, strict=True):
            _decay(variable, decay)
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle, m=mean.handle, v=variance.handle, lr=rate, grad=gradient,
                beta1=BETA_1, beta2=BETA_2, epsilon=EPSILON, **powers,
            )  # fmt: skip

    return Optimizer((*means, *variances), apply)


def sgd(variables: Sequence[tf.Variable]) -> Optimizer:
    """Plain steps along the gradient: Robbins & Monro, "A stochastic approximation method" (1951)."""

    def apply(gradients, rates, decay, _step) -> None:
        for variable, gradient, rate in zip(variables, gradients, rates, strict=True):
            _decay(variable, decay)
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=rate, delta=gradient)

    return Optimizer((), apply)


def nesterov(variables: Sequence[tf.Variable]) -> Optimizer:
    """SGD with Nesterov's momentum: Sutskever et al., "On the importance of initialization and momentum" (2013)."""
    velocities = _slots(variables)

    def apply(gradients, rates, decay, _step) -> None:
        for variable, velocity, gradient, rate in zip(variables, velocities, gradients, rates, strict=True):
            _decay(variable, decay)
            tf.raw_ops.ResourceApplyKerasMomentum(
                var=variable.handle, accum=velocity.handle, lr=rate, grad=gradient, momentum=MOMENTUM,
                use_nesterov=True,
            )  # fmt: skip

    return Optimizer(tuple(velocities), apply)


def rmsprop(variables: Sequence[tf.Variable]) -> Optimizer:
    """Steps divided by a running root mean square of the gradient: Tieleman & Hinton, lecture 6.5 (2012)."""
    squares, moments = _slots(variables), _slots(variables)

    def apply(gradients, rates, decay, _step) -> None:
        for variable, square, moment, gradient, rate in zip(variables, squares, moments, gradients, rates, strict=True):
            _decay(variable, decay)
            tf.raw_ops.ResourceApplyRMSProp(
                var=variable.handle, ms=square.handle, mom=moment.handle, lr=rate, rho=RHO, momentum=0.0,
                epsilon=EPSILON, grad=gradient,
            )  # fmt: skip

    return Optimizer((*squares, *moments), apply)


OPTIMIZERS: dict[str, Callable[[Sequence[tf.Variable]], Optimizer]] = {
    "adam": adam,
    "sgd": sgd,
    "nesterov": nesterov,
    "rmsprop": rmsprop,
}


def _slots(variables: Sequence[tf.Variable]) -> list[tf.Variable]:
    return [tf.Variable(tf.zeros_like(variable), trainable=False) for variable in variables]


def _decay(variable: tf.Variable, share: tf.Tensor | None) -> None:
    """Weight decay apart from the gradient (Loshchilov & Hutter, "Decoupled weight decay regularization", 2019).

    Vectors, which are biases and the scales of normalisations, are spared.
    """
    if share is not None and len(variable.shape) > 1:
        variable.assign_sub(variable * share)
