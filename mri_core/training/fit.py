"""The fit: epochs of steps with early stopping, and scores from counts that never leave TensorFlow within an epoch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mri_core.datasets.dataset import Dataset
from mri_core.evaluation.counts import Counts, count, epoch_scores, predicted_labels
from mri_core.images.prepare import with_channels
from mri_core.runs.run import Progress
from mri_core.training.batches import training_batches
from mri_core.training.plan import plan_epoch
from mri_core.training.spec import TrainingSpec

REPORT_SECONDS = 0.5
"""Progress is reported, and a wish to stop is noticed, this often."""

PREDICTION_BATCH = 128
"""Small, because the activations of a batch are what a run's memory peaks with."""


@dataclass(frozen=True)
class Fitted:
    """What a fit came to. The model's weights are those of the best epoch, where one was completed."""

    best_epoch: int | None
    stopped: bool
    seconds: float
    images_per_second: float


class StopRequestedError(Exception):
    """Raised out of an epoch when the user wants the run to end."""


def fit(
    model: keras.Model,
    dataset: Dataset,
    spec: TrainingSpec,
    on_progress: Callable[[Progress], bool],
    on_epoch: Callable[[dict[str, Any]], None],
) -> Fitted:
    """Train `model` in place until the epochs or the patience are used up, or the user stops it.

    on_progress: called about every REPORT_SECONDS; returns True when the run shall stop.
    on_epoch: called with each epoch's scores, in the shape of a row of `history` (see `mri show --json`).
    """
    trainer = _Trainer(model, spec, dataset.label_names)
    train, validation = dataset.rows("train"), dataset.rows("validation")
    labelled = dataset.truth[train].any(axis=1)
    clock = _Clock(spec, len(plan_epoch(train, labelled, spec, 1)), on_progress)
    best_loss, best_epoch, best_weights = np.inf, None, None
    stopped = False
    try:
        clock.report("starting")
        for epoch in range(1, spec.epochs + 1):
            started = time.monotonic()
            plan = plan_epoch(train, labelled, spec, epoch)
            for images, truth in training_batches(dataset.pixels, dataset.truth, plan, spec.batch_size):
                trainer.step(images, truth)
                clock.tick(len(images))
            scores = trainer.take_scores()
            clock.report("validating")
            scores |= {f"val_{name}": value for name, value in trainer.evaluate(dataset, validation).items()}
            on_epoch({"epoch": epoch, **scores, "seconds": time.monotonic() - started})
            if scores["val_loss"] < best_loss:
                best_loss, best_epoch, best_weights = scores["val_loss"], epoch, model.get_weights()
            if clock.next_epoch(epoch, best_epoch or 0) <= 0:
                break
    except StopRequestedError:
        stopped = True
    if best_weights is not None:
        model.set_weights(best_weights)
    return Fitted(best_epoch, stopped, clock.seconds, clock.images_per_second)


Inference = Callable[[np.ndarray], tf.Tensor]


def compile_inference(model: keras.Model) -> Inference:
    """The model without dropout as one compiled function of (slices, H, W, C) uint8."""
    images = tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)
    return tf.function(lambda slices: model(slices, training=False), input_signature=[images])


def predict(infer: Inference, dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Probabilities of some slices of a data set, (rows, labels) float32, cut in batches so that memory stays flat."""
    chunks = [rows[start : start + PREDICTION_BATCH] for start in range(0, len(rows), PREDICTION_BATCH)]
    return np.concatenate([infer(with_channels(dataset.pixels[chunk])).numpy() for chunk in chunks])


class _Trainer:
    """The compiled step, and the sums of the epoch so far."""

    def __init__(self, model: keras.Model, spec: TrainingSpec, label_names: tuple[str, ...]) -> None:
        self._model, self._label_names, labels = model, label_names, len(label_names)
        self._loss = keras.losses.get(spec.loss)
        self._optimizer = keras.optimizers.get(
            {"class_name": spec.optimizer, "config": {"learning_rate": spec.learning_rate}}
        )
        self._optimizer.build(model.trainable_variables)
        # Per label: true positives, false positives, false negatives; and over slices: exact matches, slices, loss.
        self._per_label = tf.Variable(tf.zeros((3, labels), tf.int64))
        self._sums = tf.Variable(tf.zeros(3, tf.float64))
        images = tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)
        self._step = tf.function(self._train_step, input_signature=[images, tf.TensorSpec((None, labels), tf.float32)])
        self._infer = compile_inference(model)

    def step(self, images: np.ndarray, truth: np.ndarray) -> None:
        self._step(images, truth)

    def take_scores(self) -> dict[str, Any]:
        """Scores over the steps since the last call, as the weights were at each step (dropout included)."""
        (tp, fp, fn), (exact, slices, loss) = self._per_label.numpy(), self._sums.numpy()
        self._per_label.assign(tf.zeros_like(self._per_label))
        self._sums.assign(tf.zeros_like(self._sums))
        return {"loss": loss / slices, **self._named(Counts.from_sums(tp, fp, fn, exact, slices))}

    def evaluate(self, dataset: Dataset, rows: np.ndarray) -> dict[str, Any]:
        """Loss and scores on some slices without dropout, at threshold 0.5."""
        probabilities = predict(self._infer, dataset, rows)
        truth = dataset.truth[rows]
        loss = float(tf.reduce_mean(self._loss(tf.cast(truth, tf.float32), probabilities)))
        return {"loss": loss, **self._named(count(truth, predicted_labels(probabilities, 0.5)))}

    def _named(self, counts: Counts) -> dict[str, Any]:
        scores = epoch_scores(counts)
        return {**scores, "f1": dict(zip(self._label_names, scores["f1"], strict=True))}

    def _train_step(self, images: tf.Tensor, truth: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            probabilities = self._model(images, training=True)
            losses = self._loss(truth, probabilities)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, self._model.trainable_variables)
        self._optimizer.apply(gradients, self._model.trainable_variables)
        wanted, given = truth > 0.5, probabilities >= 0.5
        outcomes = tf.stack([wanted & given, ~wanted & given, wanted & ~given])
        self._per_label.assign_add(tf.reduce_sum(tf.cast(outcomes, tf.int64), axis=1))
        exact = tf.reduce_sum(tf.cast(tf.reduce_all(wanted == given, axis=1), tf.float64))
        total = tf.reduce_sum(tf.cast(losses, tf.float64))
        self._sums.assign_add([exact, tf.cast(tf.shape(images)[0], tf.float64), total])


class _Clock:
    """Where the run stands, and when to say so."""

    def __init__(self, spec: TrainingSpec, slices: int, on_progress: Callable[[Progress], bool]) -> None:
        self._spec, self._on_progress = spec, on_progress
        self._steps = -(-slices // spec.batch_size)
        self._epoch, self._step, self._images, self._patience_left = 1, 0, 0, spec.patience
        self._began = self._reported = time.monotonic()
        self._warm: tuple[float, int] | None = None  # when the first step, which compiles, was over; steps by then

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def images_per_second(self) -> float:
        """Of training steps and validation together, without the first step."""
        if self._warm is None or self._images <= self._warm[1]:
            return 0.0
        return (self._images - self._warm[1]) / (time.monotonic() - self._warm[0])

    def tick(self, images: int) -> None:
        self._step += 1
        self._images += images
        if self._warm is None:
            self._warm = (time.monotonic(), images)
        if time.monotonic() - self._reported >= REPORT_SECONDS:
            self.report("training")

    def next_epoch(self, epoch: int, best_epoch: int) -> int:
        """Returns how many more epochs without improvement are allowed."""
        self._patience_left = self._spec.patience - (epoch - best_epoch)
        if epoch < self._spec.epochs and self._patience_left > 0:
            self._epoch, self._step = epoch + 1, 0
        self.report("training")
        return self._patience_left

    def report(self, phase: str) -> None:
        self._reported = time.monotonic()
        done = (self._epoch - 1) * self._steps + self._step
        total = self._spec.epochs * self._steps
        rate = self.images_per_second / self._spec.batch_size
        progress = Progress(
            epoch=self._epoch,
            epochs=self._spec.epochs,
            step=self._step,
            steps=self._steps,
            seconds_left=(total - done) / rate if rate else None,
            patience_left=self._patience_left,
            phase=phase,
            updated=time.time(),
        )
        if self._on_progress(progress):
            raise StopRequestedError
