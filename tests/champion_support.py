"""What the tests of champions share: a home with a trained run that may be changed, and rivals of that run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mri_core.datasets.dataset import SPLITS
from mri_core.evaluation.predictions import load_predictions, save_predictions
from mri_core.prediction.model_file import MODEL_JSON, MODEL_ONNX
from mri_core.runs.liveness import process_of
from mri_core.runs.run import SCORES, Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

Answers = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Truth and the trained run's probabilities, each (slices, labels) -> a rival's probabilities."""


def right(truth: np.ndarray, _: np.ndarray) -> np.ndarray:
    """Mostly: answers without any exception are the same in every resample."""
    return np.where(_flipped(truth), 0.9, 0.1)


def wrong(truth: np.ndarray, _: np.ndarray) -> np.ndarray:
    """Mostly."""
    return np.where(_flipped(truth), 0.1, 0.9)


def alike(_: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    return probabilities


def leaving_out(run: Run, part: int) -> Run:
    """The run as if it had left out a part of the training patients."""
    return replace(run, spec=run.spec.model_copy(update={"left_out": part}))


def _flipped(truth: np.ndarray) -> np.ndarray:
    """The opposite on every seventh slice."""
    exception = np.arange(len(truth))[:, np.newaxis] % 7 == 0
    return truth.astype(bool) ^ exception


def changeable(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """The store of a copy of a home, which the environment names.

    Every slice there is a patient of its own: the few patients of so small a set would not tell any two runs apart.
    """
    shutil.copytree(home, folder)
    index = folder / "datasets" / "demo" / "index.parquet"
    frame = pd.read_parquet(index)
    frame.assign(patient=frame["id"]).to_parquet(index, index=False)
    monkeypatch.setenv("MRI_HOME", str(folder))
    return RunStore(Settings())


def rival(store: RunStore, run: Run, answers: Answers, fingerprint: str | None = None) -> Run:
    """A finished run on the slices of `run`, with its model; trained on other data where a fingerprint is given."""
    made = store.create(run.spec, run.dataset_name, fingerprint or run.dataset_fingerprint, run.label_names)
    store.start(made.id, process_of(), 1000)
    scores = dict.fromkeys(SCORES, 0.5)
    store.log_epoch(made.id, {"epoch": 1, **scores, "f1": {}, "val_f1": {}})
    for name in (MODEL_JSON, MODEL_ONNX):
        shutil.copyfile(run.folder / name, made.folder / name)
    stored = {split: load_predictions(run.folder, split) for split in SPLITS[1:]}
    predicted = {
        split: replace(known, probabilities=answers(known.truth, known.probabilities))
        for split, known in stored.items()
    }
    save_predictions(made.folder, predicted)
    store.finish(made.id, "finished", best_epoch=1)
    return store.get(made.id)
