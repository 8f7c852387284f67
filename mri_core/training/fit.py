"""The fit: epochs of steps with early stopping, from its beginning or from a checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import keras

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
    standing, written, stopped = begun, time.monotonic(), False

    def keep() -> None:
        nonlocal standing, written
        standing = replace(
            standing,
            epoch=clock.epoch,
            step=clock.step,
            taken=(clock.epoch - 1) * steps + clock.step,
            seconds=clock.seconds,
            epoch_seconds=clock.epoch_seconds,
            variables=trainer.state,
        )
        written = time.monotonic()
        writer.write(standing)

    try:
        clock.report("starting")
        while not clock.over:
            plan = plan_epoch(train, labelled, spec, clock.epoch)
            for images, labels in training_batches(dataset.pixels, dataset.truth, plan, spec, first=clock.step):
                trainer.step(images, labels)
                clock.tick(len(images))
                if time.monotonic() - written > EVERY_SECONDS:
                    keep()
            clock.report("validating")
            scores = trainer.take_scores()
            with trainer.delivered():
                scores |= {f"val_{name}": value for name, value in trainer.evaluate(dataset, validation).items()}
                if scores["val_loss"] < standing.best_loss:
                    best_weights = tuple(model.get_weights())
                    standing = replace(
                        standing, best_loss=scores["val_loss"], best_epoch=clock.epoch, best_weights=best_weights
                    )
            row = {"epoch": clock.epoch, **scores, "seconds": clock.epoch_seconds}
            standing = replace(standing, history=(*standing.history, row))
            clock.next_epoch(standing.best_epoch or 0)
            keep()
            on_epoch(row)
            clock.report("training")
    except StopRequestedError:
        stopped = True
        keep()
    if standing.best_weights:
        model.set_weights(standing.best_weights)
    return Fitted(standing.best_epoch, stopped, clock.seconds, clock.images_per_second)
