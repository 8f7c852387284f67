"""Small simulated predictions with nested labels, as in the study: half of the slices carry none."""

from __future__ import annotations

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
