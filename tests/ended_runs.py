"""Ended runs beside the trained one, as a training would have left them, without one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from mri_core.evaluation.predictions import Predictions, load_predictions, save_predictions
from mri_core.prediction.judged_run import JudgedRun
from mri_core.prediction.model_file import MODEL_JSON, ModelDescription
from mri_core.runs.liveness import process_of
from mri_core.runs.run import Run, Timing
from mri_core.runs.store import RunStore
from mri_core.training.presets import make_spec
from mri_core.training.spec import TrainingSpec

LABELS = ("label 1", "<b>two</b>", "never")


def add_run(
    store: RunStore, like: str, gain: float = 0.0, fingerprint: str | None = None, results: bool = True, **spec: object
) -> Run:
    """A finished run like another with changed settings. gain: how far its probabilities are moved, 1 to the truth and
    -1 to chance; fingerprint: of other data; results: whether it has a model and predictions."""
    first = store.get(like)
    settings = TrainingSpec.model_validate(first.spec.model_dump() | spec)
    run = store.create(settings, first.dataset_name, fingerprint or first.dataset_fingerprint, first.label_names)
    if results:
        shutil.copy(first.folder / MODEL_JSON, run.folder)
        splits = {split: load_predictions(first.folder, split) for split in ("validation", "test")}
        save_predictions(run.folder, {split: moved(one, gain, settings.seed) for split, one in splits.items()})
    store.start(run.id, process_of(), first.parameters or 0)
    for row in first.history[:1]:
        store.log_epoch(run.id, row)
    store.finish(run.id, "finished", timing=Timing(60.0, 1000.0, 800.0), best_epoch=1)
    return store.get(run.id)


def moved(predictions: Predictions, gain: float, seed: int = 0) -> Predictions:
    """Probabilities moved to the truth, or for a gain below 0 to chance, with a little noise that the seed decides."""
    rng = np.random.default_rng(seed)
    target = predictions.truth if gain > 0 else rng.random(predictions.truth.shape)
    values = (1 - abs(gain)) * predictions.probabilities + abs(gain) * target
    noise = 0.02 * rng.normal(size=values.shape)
    return Predictions(predictions.ids, predictions.truth, np.clip(values + noise, 0, 1), predictions.label_names)


def described(number: int, preset: str = "cnn", **spec: object) -> Run:
    """A run that is recorded nowhere, called after its number."""
    return Run(
        id=f"{number:032x}",
        name=f"{preset} {number}",
        status="finished",
        spec=make_spec(preset, spec),
        dataset_name="demo",
        dataset_fingerprint="f" * 40,
        label_names=LABELS,
        created=datetime(2026, 1, 1, tzinfo=UTC),
        folder=Path("none"),
        best_epoch=1,
    )


def judged_runs(
    runs: Sequence[Run], gains: Sequence[float], slices: int = 240, thresholds: Sequence[float] = (0.5, 0.4, 0.5)
) -> list[JudgedRun]:
    """The runs on the same simulated slices, of 40 patients; no slice carries the last label. gains: as in `moved`."""
    rng = np.random.default_rng(3)
    truth = (rng.random((slices, 3)) < (0.5, 0.3, 0)).astype(np.uint8)
    begin = np.clip(0.25 * truth + 0.6 * rng.random(truth.shape) * (1, 1, 0.5), 0, 1)
    predictions = Predictions(np.array([f"s{number}" for number in range(slices)]), truth, begin, LABELS)
    description = ModelDescription(
        run="",
        dataset={},
        labels=LABELS,
        thresholds=dict(zip(LABELS, thresholds, strict=True)),
        image_shape=(8, 8),
        onnx_difference=0,
    )
    patients = np.array([f"p{number % 40}" for number in range(slices)], dtype=object)
    ours = [moved(predictions, gain, run.spec.seed) for run, gain in zip(runs, gains, strict=True)]
    return [
        JudgedRun(run, "test", description, one, one, None, None, patients) for run, one in zip(runs, ours, strict=True)
    ]
