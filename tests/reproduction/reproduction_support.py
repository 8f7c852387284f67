"""Runs as a training would have left them, without one: their record, curves and predictions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mri_core.datasets.dataset import Dataset
from mri_core.evaluation.predictions import Predictions, save_predictions
from mri_core.reproduction.study import CONFIGURATIONS
from mri_core.runs.liveness import process_of
from mri_core.runs.run import Run, Timing
from mri_core.runs.store import RunStore

SKILL = {
    "cnn": 0.88, "cnn-poisson": 0.85, "cnn-rmsprop": 0.84, "cnn-no-flips": 0.82, "cnn-both-flips": 0.86,
    "cnn-labelled-flips": 0.85, "dense-adam": 0.78, "dense-adam-80": 0.775, "dense": 0.8, "dense-no-flips": 0.72,
}  # fmt: skip
"""Configuration -> how many of its answers are right; roughly what a true run reaches."""


def queue(store: RunStore, dataset: Dataset, configuration: str, seed: int = 0) -> Run:
    spec = CONFIGURATIONS[configuration].model_copy(update={"seed": seed})
    return store.create(spec, dataset.name, dataset.fingerprint, dataset.label_names)


def finish(
    store: RunStore, dataset: Dataset, configuration: str, seed: int = 0, skill: float | None = None, epochs: int = 3
) -> Run:
    """A finished run of a configuration, of whose answers on validation a share of `skill` is right."""
    run = queue(store, dataset, configuration, seed)
    store.start(run.id, process_of(), 1000)
    for epoch in range(1, epochs + 1):
        store.log_epoch(run.id, _row(epoch, epochs, dataset.label_names))
    save_predictions(run.folder, {"validation": predicted(dataset, skill or SKILL[configuration], seed)})
    took = 60.0 * (1 + list(CONFIGURATIONS).index(configuration)) + seed
    store.finish(run.id, "finished", timing=Timing(took, 1000.0 + seed, 800.0), best_epoch=max(1, epochs - 1))
    return store.get(run.id)


def finish_all(
    store: RunStore, dataset: Dataset, seeds: int, skills: Mapping[str, float] = SKILL, epochs: int = 3
) -> None:
    for seed in range(seeds):
        for name, skill in skills.items():
            finish(store, dataset, name, seed, skill, epochs)


def predicted(dataset: Dataset, skill: float, seed: int) -> Predictions:
    """Probabilities on the right side of 0.5 for a share of `skill` of the answers; the same slices for each seed."""
    rows = dataset.rows("validation")
    truth = dataset.truth[rows]
    right = np.random.default_rng(seed).random(truth.shape) < skill
    return Predictions(
        dataset.index["id"].to_numpy()[rows], truth, np.where(right, truth, 1 - truth) * 0.8 + 0.1, dataset.label_names
    )


def _row(epoch: int, epochs: int, labels: tuple[str, ...]) -> dict:
    done = epoch / epochs
    scores = dict.fromkeys(("micro_f1", "macro_f1", "binary_accuracy", "subset_accuracy"), 0.9 * done)
    validation = {f"val_{name}": 0.95 * value for name, value in scores.items()}
    losses = {"loss": 1 - 0.6 * done, "val_loss": abs(done - 0.8) + 0.5}
    f1 = dict.fromkeys(labels, 0.9 * done)
    return {"epoch": epoch, **losses, **scores, **validation, "f1": f1, "val_f1": f1, "seconds": 2.0}
