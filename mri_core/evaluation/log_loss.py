"""Log loss: how surprised a probability is by the truth."""

from __future__ import annotations

import numpy as np

LEAST = 1e-7
"""Probabilities are kept this far from 0 and 1, the step of a 32-bit sigmoid near 1: a certainty that is wrong costs
16 and not infinity."""


def log_losses(truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """-log of the probability given to what is true, shaped like the input. truth: 0/1. probabilities: in [0, 1].

    The logarithmic score of I. J. Good, "Rational decisions" (1952).
    """
    kept = np.clip(np.asarray(probabilities, dtype=float), LEAST, 1 - LEAST)
    return -np.where(np.asarray(truth) == 1, np.log(kept), np.log1p(-kept))


def logits(probabilities: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)), between about -16 and 16."""
    kept = np.clip(np.asarray(probabilities, dtype=float), LEAST, 1 - LEAST)
    return np.log(kept) - np.log1p(-kept)


def sigmoid(values: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), the inverse of `logits`, without overflow."""
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1 / (1 + small), small / (1 + small))
