"""The compiled training step, and what it sums up over an epoch: scores leave TensorFlow once an epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mri_core.datasets.dataset import Dataset
from mri_core.evaluation.counts import Counts, count, epoch_scores, predicted_labels
from mri_core.training.inference import compile_inference, predict
from mri_core.training.losses import LOSSES, balanced_weights, weighted
from mri_core.training.network import Network
from mri_core.training.optimizers import OPTIMIZERS
from mri_core.training.schedule import learning_rate
from mri_core.training.spec import TrainingSpec


class Trainer:
    """Moves a model's weights step by step. Between `delivered()` blocks the model's own weights are not up to date."""

    def __init__(
        self,
        model: keras.Model,
        spec: TrainingSpec,
        precision: str,
        steps: int,
        truth: np.ndarray,
        names: tuple[str, ...],
    ) -> None:
        """steps: of the whole run, over which the learning rate changes. truth: (slices, labels) of training."""
        self._model, self._spec, self._steps, self._label_names = model, spec, steps, names
        self._network = Network(model, precision, spec.seed)
        self._optimizer = OPTIMIZERS[spec.optimizer](self._network.variables)
        self._judging_loss = LOSSES[spec.loss]
        balanced = spec.class_weights == "balanced"
        self._loss = (
            weighted(self._judging_loss, balanced_weights(truth.mean(axis=0))) if balanced else LOSSES[spec.loss]
        )
        self._done = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._averages = (
            [tf.Variable(v, trainable=False) for v in self._network.variables] if spec.weight_averaging else []
        )
        # Per label: true positives, false positives, false negatives; and over slices: exact matches, slices, loss.
        labels = len(names)
        self._per_label = tf.Variable(tf.zeros((3, labels), tf.int64), trainable=False)
        self._sums = tf.Variable(tf.zeros(3, tf.float64), trainable=False)
        images = tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)
        signature = [images, tf.TensorSpec((None, labels), tf.float32), tf.TensorSpec((), tf.float32)]
        self._step = tf.function(self._train_step, input_signature=signature, autograph=False)
        self._infer = compile_inference(model)
        self._taken = 0
        self._state = [
            *(*self._network.state, *self._optimizer.slots, *self._averages),
            *(self._per_label, self._sums, self._done),
        ]

    @property
    def state(self) -> tuple[np.ndarray, ...]:
        """All that the next steps follow from, the sums of the epoch under way included. Call it between steps."""
        return tuple(np.array(variable) for variable in self._state)

    def restore(self, state: Sequence[np.ndarray]) -> None:
        """Go on from what `state` was. Raises ValueError where it is not that of such a trainer."""
        for variable, values in zip(self._state, state, strict=True):
            variable.assign(values)
        self._taken = int(self._done.numpy())

    def step(self, images: np.ndarray, truth: np.ndarray) -> None:
        """One step on slices (n, H, W, C) uint8 and their labels (n, labels) float32."""
        self._step(images, truth, np.float32(learning_rate(self._spec, self._taken / self._steps)))
        self._taken += 1

    def take_scores(self) -> dict[str, Any]:
        """Scores over the steps since the last call, as the weights were at each step (dropout included)."""
        (tp, fp, fn), (exact, slices, loss) = self._per_label.numpy(), self._sums.numpy()
        self._per_label.assign(tf.zeros_like(self._per_label))
        self._sums.assign(tf.zeros_like(self._sums))
        return {"loss": loss / slices, **self._named(Counts.from_sums(tp, fp, fn, exact, slices))}

    @contextmanager
    def delivered(self) -> Iterator[None]:
        """Within this block the model's weights are those that would be kept: up to date, and averaged where asked."""
        current = [variable.numpy() for variable in self._network.variables] if self._averages else []
        for variable, average in zip(self._network.variables, self._averages, strict=bool(self._averages)):
            variable.assign(average)
        self._network.write_back()
        yield
        for variable, value in zip(self._network.variables, current, strict=bool(current)):
            variable.assign(value)

    def evaluate(self, dataset: Dataset, rows: np.ndarray) -> dict[str, Any]:
        """Loss and scores on some slices without dropout, at threshold 0.5. Call within `delivered()`."""
        probabilities = predict(self._infer, dataset, rows)
        truth = dataset.truth[rows]
        loss = float(tf.reduce_mean(self._judging_loss(tf.cast(truth, tf.float32), probabilities)))
        return {"loss": loss, **self._named(count(truth, predicted_labels(probabilities, 0.5)))}

    def _named(self, counts: Counts) -> dict[str, Any]:
        scores = epoch_scores(counts)
        return {**scores, "f1": dict(zip(self._label_names, scores["f1"], strict=True))}

    def _train_step(self, images: tf.Tensor, truth: tf.Tensor, rate: tf.Tensor) -> None:
        smoothing = self._spec.label_smoothing
        with tf.GradientTape() as tape:
            probabilities = self._network(images, self._done)
            losses = self._loss(truth * (1 - smoothing) + smoothing / 2, probabilities)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, self._network.variables)
        done = self._done.assign_add(1)
        decay = rate * self._spec.weight_decay if self._spec.weight_decay else None
        self._optimizer.apply(gradients, [rate * speed for speed in self._network.speeds], decay, done)
        for average, variable in zip(self._averages, self._network.variables, strict=bool(self._averages)):
            # Early on the average follows closely: a long memory of random weights helps nobody.
            kept = tf.minimum(
                self._spec.weight_averaging, (1 + tf.cast(done, tf.float32)) / (10 + tf.cast(done, tf.float32))
            )
            average.assign_sub((average - variable) * (1 - kept))
        wanted, given = truth > 0.5, probabilities >= 0.5
        outcomes = tf.stack([wanted & given, ~wanted & given, wanted & ~given])
        self._per_label.assign_add(tf.reduce_sum(tf.cast(outcomes, tf.int64), axis=1))
        exact = tf.reduce_sum(tf.cast(tf.reduce_all(wanted == given, axis=1), tf.float64))
        total = tf.reduce_sum(tf.cast(losses, tf.float64))
        self._sums.assign_add([exact, tf.cast(tf.shape(images)[0], tf.float64), total])
