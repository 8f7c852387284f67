"""Small simulated predictions with nested labels, as in the study: half of the slices carry none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

Scores = tuple[np.ndarray, np.ndarray]


def simulated(seed: int, slices: int = 200, labels: int = 3) -> Scores:
    """truth (slices, labels) of 0/1 and probabilities (slices, labels), coarse enough to hold ties."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((slices, 1)) < 0.5 / np.arange(1, labels + 1)).astype(np.uint8)
    probabilities = np.clip(0.3 + 0.35 * truth + rng.normal(0, 0.25, truth.shape), 0, 1).round(2)
    return truth, probabilities


def _cases() -> dict[str, Scores]:
    rng = np.random.default_rng(9)
    truth, probabilities = simulated(3)
    unseen, certain, silent = truth.copy(), truth.copy(), probabilities.copy()
    unseen[:, 1], certain[:, 1], silent[:, 2] = 0, 1, 0.1
    return {
        "nested": (truth, probabilities),
        "two labels": simulated(1, labels=2),
        "many labels": simulated(2, slices=60, labels=9),
        "independent": ((rng.random((80, 4)) < 0.3).astype(np.uint8), rng.random((80, 4))),
        "one slice": (np.array([[1, 0]], dtype=np.uint8), np.array([[0.9, 0.6]])),
        "label without positives": (unseen, probabilities),
        "label without positives or predictions": (unseen, np.where([False, True, False], 0.2, probabilities)),
        "label on every slice": (certain, probabilities),
        "label never predicted": (truth, silent),
        "nothing predicted": (truth, probabilities * 0.4),
        "everything predicted": (truth, 0.5 + probabilities / 2),
        "perfect": (truth, truth.astype(float)),
        "no positives": (np.zeros_like(truth), probabilities),
        "every slice labelled": (np.ones_like(truth), probabilities),
    }


CASES = _cases()


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Scores:
    return request.param


@pytest.fixture
def nested() -> Scores:
    return CASES["nested"]


Clustered = tuple[np.ndarray, list[np.ndarray], np.ndarray]


def clustered(rng: np.random.Generator, patients: int, models: int = 1, labels: int = 3) -> Clustered:
    """truth (slices, labels), equally good models' probabilities (slices, labels) and patients (slices,).

    Patients have 1 to about 15 slices. Slices of one patient carry similar labels, and some patients are hard: for all
    models alike and, by chance, for one more than for another.
    """
    of_slice = np.repeat(np.arange(patients), rng.poisson(7, patients) + 1)
    shape = (len(of_slice), labels)
    burden = rng.normal(0, 1.2, (patients, 1))[of_slice] + rng.normal(0, 0.6, (len(of_slice), 1))
    truth = (burden + rng.normal(0, 0.8, shape) + 0.2 > 0.7 * np.arange(labels)).astype(np.uint8)
    hard = rng.normal(0, 0.6, (patients, labels))[of_slice] + rng.normal(0, 0.6, shape)
    logits = [
        1.6 * (2.0 * truth - 1) + hard + rng.normal(0, 0.5, (patients, labels))[of_slice] + rng.normal(0, 1, shape)
        for _ in range(models)
    ]
    return truth, [1 / (1 + np.exp(-values)) for values in logits], of_slice


@pytest.fixture
def simulate() -> Callable[..., Clustered]:
    return clustered
