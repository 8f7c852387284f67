"""Predictions that are too sure of themselves, large enough to calibrate and to choose thresholds on."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from mri_core.datasets.dataset import open_dataset
from mri_core.evaluation.predictions import Predictions, load_predictions, save_predictions
from mri_core.runs.store import RunStore

STEEPER = 2.5
"""What the logits are multiplied by: the temperature that a calibration should find."""
SPLITS = ("validation", "test")


def overconfident(store: RunStore, run_id: str, never: str = "", splits: tuple[str, ...] = SPLITS) -> None:
    """Give a run other predictions: all slices of "demo" for each split, too steep by a factor.

    never: a label that no slice shall carry.
    """
    dataset = open_dataset("demo", store.settings)
    ids, names = dataset.columns("id")["id"].to_numpy(dtype=str), dataset.label_names
    held = {}
    for seed, split in enumerate(splits):
        rng = np.random.default_rng(seed)
        logits = rng.normal(-0.4, 1.5, (len(ids), len(names)))
        truth = (rng.random(logits.shape) < expit(logits)) & np.array([name != never for name in names])
        held[split] = Predictions(ids, truth.astype(np.uint8), expit(STEEPER * logits), names)
    save_predictions(store.get(run_id).folder, held)


def one_label(store: RunStore, run_id: str, split: str, position: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth (slices,) bool and probabilities (slices,) of one label, as stored."""
    stored = load_predictions(store.get(run_id).folder, split)
    return stored.truth[:, position].astype(bool), stored.probabilities[:, position]


def counted(truth: np.ndarray, probabilities: np.ndarray, threshold: float) -> dict[str, int]:
    """The four counts, by masks."""
    called = probabilities >= threshold
    return {
        "True positives": int((truth & called).sum()),
        "False negatives": int((truth & ~called).sum()),
        "False positives": int((~truth & called).sum()),
        "True negatives": int((~truth & ~called).sum()),
    }
