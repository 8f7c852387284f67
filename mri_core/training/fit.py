"""The fit: epochs of steps with early stopping, from its beginning or from a checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from mri_core.datasets.dataset import Dataset
from mri_core.runs.run import Progress
from mri_core.training.batches import training_batches
from mri_core.training.checkpoint import EVERY_SECONDS, Checkpoint, CheckpointWriter
from mri_core.training.clock import Clock, StopRequestedError
from mri_core.training.parts import learnt_and_left_out
from mri_core.training.plan import plan_epoch
from mri_core.training.spec import TrainingSpec
from mri_core.training.trainer import Trainer


@dataclass(frozen=True)
class Fitted:
    """What a fit came to. The model's weights are those of the best epoch, where one was completed."""

    best_epoch: int | None
    stopped: bool
    seconds: float
    images_per_second: float


def fit(
    model: keras.Model,
    dataset: Dataset,
    spec: TrainingSpec,
    precision: str,
    on_progress: Callable[[Progress], bool],
    on_epoch: Callable[[dict[str, Any]], None],
    writer: CheckpointWriter,
    begun: Checkpoint,
) -> Fitted:
    """Train `model` in place until the epochs or the patience are used up, or the user stops it.

    precision: "float32" or "bfloat16", what activations are computed in.
    on_progress: called about every REPORT_SECONDS; returns True when the run shall stop.
    on_epoch: called with each epoch's scores, in the shape of a row of `history` (see `mri show --json`), once the
    checkpoint after it is being written.
    begun: where to go on, of a fit with the same specification and data; on the same kind of processor with as many
    threads the numbers are those of a fit that was never interrupted.
    """
    train, validation = learnt_and_left_out(dataset, spec)[0], dataset.rows("validation")
    truth = dataset.truth[train]
    labelled = truth.any(axis=1)
    steps = -(-len(plan_epoch(train, labelled, spec, 1)) // spec.batch_size)
    trainer = Trainer(model, spec, precision, steps * spec.epochs, truth, dataset.label_names)
    if begun.variables:
        trainer.restore(begun.variables)
    clock = Clock(spec, steps, on_progress, begun)
    standing, stopped = _Standing(begun, trainer, clock, writer, steps), False
    try:
        clock.report("starting")
        while not clock.over:
            plan = plan_epoch(train, labelled, spec, clock.epoch)
            for images, labels in training_batches(dataset.pixels, dataset.truth, plan, spec, first=clock.step):
                trainer.step(images, labels)
                clock.tick(len(images))
                standing.keep_if_due()
            clock.report("validating")
            on_epoch(standing.end_epoch(model, dataset, validation))
            clock.report("training")
    except StopRequestedError:
        stopped = True
        standing.keep()
    if standing.best_weights:
        model.set_weights(standing.best_weights)
    return Fitted(standing.best_epoch, stopped, clock.seconds, clock.images_per_second)


class _Standing:
    """Where a fit stands, and when that was last written down."""

    def __init__(self, begun: Checkpoint, trainer: Trainer, clock: Clock, writer: CheckpointWriter, steps: int) -> None:
        self._at, self._trainer, self._clock, self._writer, self._steps = begun, trainer, clock, writer, steps
        self._written = time.monotonic()

    @property
    def best_epoch(self) -> int | None:
        return self._at.best_epoch

    @property
    def best_weights(self) -> Sequence[np.ndarray]:
        return self._at.best_weights

    def keep_if_due(self) -> None:
        """Within a long epoch."""
        if time.monotonic() - self._written > EVERY_SECONDS:
            self.keep()

    def keep(self) -> None:
        """Write a checkpoint of this very step."""
        clock = self._clock
        self._at = replace(
            self._at,
            epoch=clock.epoch,
            step=clock.step,
            taken=(clock.epoch - 1) * self._steps + clock.step,
            seconds=clock.seconds,
            epoch_seconds=clock.epoch_seconds,
            variables=self._trainer.state,
        )
        self._written = time.monotonic()
        self._writer.write(self._at)

    def end_epoch(self, model: keras.Model, dataset: Dataset, validation: np.ndarray) -> dict[str, Any]:
        """Judge the epoch that is over, keep its weights if they are the best, write it down. Returns its scores."""
        clock, trainer = self._clock, self._trainer
        scores = trainer.take_scores()
        with trainer.delivered():
            scores |= {f"val_{name}": value for name, value in trainer.evaluate(dataset, validation).items()}
            if scores["val_loss"] < self._at.best_loss:
                weights = tuple(model.get_weights())
                self._at = replace(self._at, best_loss=scores["val_loss"], best_epoch=clock.epoch, best_weights=weights)
        row = {"epoch": clock.epoch, **scores, "seconds": clock.epoch_seconds}
        self._at = replace(self._at, history=(*self._at.history, row))
        clock.next_epoch(self._at.best_epoch or 0)
        self.keep()
        return row
