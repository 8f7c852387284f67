"""The fit: epochs of steps with early stopping."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from mri_core.datasets.dataset import Dataset
from mri_core.runs.run import Progress
from mri_core.training.batches import training_batches
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
) -> Fitted:
    """Train `model` in place until the epochs or the patience are used up, or the user stops it.

    precision: "float32" or "bfloat16", what activations are computed in.
    on_progress: called about every REPORT_SECONDS; returns True when the run shall stop.
    on_epoch: called with each epoch's scores, in the shape of a row of `history` (see `mri show --json`).
    """
    train, validation = learnt_and_left_out(dataset, spec)[0], dataset.rows("validation")
    truth = dataset.truth[train]
    labelled = truth.any(axis=1)
    steps = -(-len(plan_epoch(train, labelled, spec, 1)) // spec.batch_size)
    trainer = Trainer(model, spec, precision, steps * spec.epochs, truth, dataset.label_names)
    clock = Clock(spec, steps, on_progress)
    best_loss, best_epoch, best_weights = np.inf, None, None
    stopped = False
    try:
        clock.report("starting")
        for epoch in range(1, spec.epochs + 1):
            started = time.monotonic()
            plan = plan_epoch(train, labelled, spec, epoch)
            for images, labels in training_batches(dataset.pixels, dataset.truth, plan, spec):
                trainer.step(images, labels)
                clock.tick(len(images))
            scores = trainer.take_scores()
            clock.report("validating")
            with trainer.delivered():
                scores |= {f"val_{name}": value for name, value in trainer.evaluate(dataset, validation).items()}
                if scores["val_loss"] < best_loss:
                    best_loss, best_epoch, best_weights = scores["val_loss"], epoch, model.get_weights()
            on_epoch({"epoch": epoch, **scores, "seconds": time.monotonic() - started})
            if clock.next_epoch(epoch, best_epoch or 0) <= 0:
                break
    except StopRequestedError:
        stopped = True
    if best_weights is not None:
        model.set_weights(best_weights)
    return Fitted(best_epoch, stopped, clock.seconds, clock.images_per_second)
