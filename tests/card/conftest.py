"""Ended runs as a training would have left them, without one: record, curves, model file and predictions."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mri_core.card.card import Card, make_card
from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import Dataset
from mri_core.evaluation.predictions import Predictions, save_predictions
from mri_core.prediction.model_file import ModelDescription, write_description
from mri_core.runs.liveness import process_of
from mri_core.runs.run import Run, Timing
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import make_spec

LABELS = ("whole", "core", "rare")
SLICES, PER_PATIENT = 800, 5


def build(settings: Settings, labels: Sequence[str], patients: bool, splits: Sequence[str], **header: Any) -> Dataset:
    """800 slices of 8×8 pixels, five a patient. The second label occurs only with the first, the last never."""
    random = np.random.default_rng(0)
    whole = random.random(SLICES) < 0.5
    truth = np.stack([whole, whole & (random.random(SLICES) < 0.25), np.zeros(SLICES, bool)], axis=1).astype(int)
    rows = [
        {
            "id": f"s{number:03}",
            "patient": f"p{number // PER_PATIENT:03}" if patients else None,
            "split": splits[number // PER_PATIENT % len(splits)],
            "source": "made here",
            "position": float(number % PER_PATIENT),
            **dict(zip(labels, truth[number].tolist(), strict=True)),
        }
        for number in range(SLICES)
    ]
    pixels = random.integers(0, 256, (SLICES, 8, 8)).astype(np.uint8)
    with DatasetBuilder(settings, header.pop("name", "set"), labels, (8, 8), SLICES) as builder:
        builder.add(pixels, rows)
        return builder.finish(**({"simulated": False, "provenance": {}} | header))


def finish(
    settings: Settings,
    dataset: Dataset,
    changes: dict[str, Any] | None = None,
    status: str = "finished",
    best_epoch: int = 2,
    error: str | None = None,
) -> Run:
    """A run with three epochs, whose probabilities for validation and test are mostly on the right side."""
    store = RunStore(settings)
    run = store.create(
        make_spec("cnn", changes or {}), dataset.name, dataset.fingerprint, dataset.label_names, "first <run>"
    )
    store.start(run.id, process_of(), 1234, "CPU, 2 threads")
    for epoch in (1, 2, 3):
        scores = dict.fromkeys(("micro_f1", "macro_f1", "binary_accuracy", "subset_accuracy"), 0.2 * epoch)
        row = {"epoch": epoch, "loss": 1 / epoch, "val_loss": 1 / epoch, "seconds": 1.0, **scores}
        row |= {f"val_{name}": value for name, value in scores.items()}
        f1 = dict(zip(dataset.label_names, (0.5, 0.4, None), strict=True))
        store.log_epoch(run.id, row | {"f1": f1, "val_f1": f1})
    splits = {split: _predicted(dataset, split) for split in ("validation", "test") if len(dataset.rows(split))}
    save_predictions(run.folder, splits)
    write_description(
        run.folder,
        ModelDescription(
            run=run.id,
            dataset={"name": dataset.name, "fingerprint": dataset.fingerprint},
            labels=dataset.label_names,
            thresholds=dict.fromkeys(dataset.label_names, 0.5),
            image_shape=dataset.image_shape,
            onnx_difference=1e-7,
        ),
    )
    store.finish(run.id, status, Timing(75.0, 1000.0, 800.0), error, best_epoch)
    return store.get(run.id)


def _predicted(dataset: Dataset, split: str) -> Predictions:
    rows = dataset.rows(split)
    truth = dataset.truth[rows]
    noise = np.random.default_rng(len(rows)).normal(0, 0.25, truth.shape)
    ids = dataset.index["id"].to_numpy()[rows]
    return Predictions(ids, truth, np.clip(0.25 + 0.5 * truth + noise, 0, 1), dataset.label_names)


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a run database, which MLflow takes seconds to make, and nothing in it."""
    settings = Settings(home=tmp_path_factory.mktemp("empty"), tracking_uri="", scheduler="")
    assert RunStore(settings).list() == ()
    return settings.root


@pytest.fixture(scope="session")
def make(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Card]:
    """A card of a run on a set of its own, in a home of its own. Give what is special about either.

    Tests leave it as it is: the same card is made once.
    """
    made: dict[str, Card] = {}

    def ready(
        labels: Sequence[str] = LABELS,
        patients: bool = True,
        splits: Sequence[str] = ("train", "train", "validation", "test"),
        header: dict[str, Any] | None = None,
        **run: Any,
    ) -> Card:
        special = repr((labels, patients, splits, header, run))
        if special not in made:
            settings = _copied(empty_home, tmp_path_factory.mktemp("home") / "home")
            dataset = build(settings, labels, patients, splits, **(header or {}))
            made[special] = make_card(finish(settings, dataset, **run), settings)
        return made[special]

    return ready


@pytest.fixture(scope="session")
def card(make: Callable[..., Card]) -> Card:
    return make()


@pytest.fixture
def remake(card: Card, tmp_path: Path) -> Callable[[], Card]:
    """The card's run in a home that a test may change, and its card as it is then."""
    settings = _copied(card.run.folder.parents[1], tmp_path / "home")
    return lambda: make_card(RunStore(settings).get(card.run.id), settings)


@pytest.fixture
def folder(card: Card, remake: Callable[[], Card], tmp_path: Path) -> Path:
    """The run's folder in that home."""
    return tmp_path / "home" / "runs" / card.run.id


def _copied(home: Path, target: Path) -> Settings:
    shutil.copytree(home, target)
    return Settings(home=target, tracking_uri="", scheduler="")
