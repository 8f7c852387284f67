"""The bootstrap over patients: resamples, and the intervals and p-values that follow from them.

Patients are drawn with replacement (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 and 14).
Percentiles of the resamples are too narrow for few patients, by the factor sqrt((n - 1) / n) and by taking normal for
Student quantiles; all are widened for both (Hesterberg, "What teachers should know about the bootstrap", 2015, the
expanded percentile interval). Scores near 0 or 1 lie skewed around the truth, which their intervals correct for (Efron,
"Better bootstrap confidence intervals", 1987, BCa).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mri_core.evaluation.paths import Scores

RESAMPLES = 2000
LEVEL = 0.95

_CELLS = 500_000
"""Resamples × slices held at once: a few arrays of 4 MB, which stay in a processor's cache."""
_GROUPS = 200
"""Parts left out in turn to see how skewed a score's dependence on single patients is."""

ScoresOf = Callable[[np.ndarray], Scores]
"""Weights (any number, clusters), how often each cluster counts -> scores under each weighting."""


def resampled(scores: ScoresOf, clusters: int, slices: int, resamples: int = RESAMPLES, seed: int = 0) -> Scores:
    """Scores over resamples of the clusters, each (resamples,). The same seed draws the same clusters."""
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // slices)
    return _in_parts(scores, (_draw(rng, min(step, resamples - at), clusters) for at in range(0, resamples, step)))


def left_out(scores: ScoresOf, clusters: int, slices: int) -> Scores:
    """Scores with one part of the clusters left out in turn (the jackknife), each (parts,); at most 200 parts."""
    parts = min(clusters, _GROUPS)
    part = np.arange(clusters) % parts
    step = max(1, _CELLS // slices)
    places = np.split(np.arange(parts), range(step, parts, step))
    return _in_parts(scores, ((part != some[:, np.newaxis]).astype(float) for some in places))


def acceleration(without: np.ndarray) -> float:
    """How fast a score's spread changes with its level, from its values without each part; 0 when none has any pull.

    without: (parts,), NaN where the score is undefined. Groups of clusters give the same expectation as single ones:
    squares and cubes of independent pulls add up.
    """
    pull = without[~np.isnan(without)].mean() - without[~np.isnan(without)]
    spread = np.square(pull).sum()
    return float((pull**3).sum() / (6 * spread**1.5)) if spread > 0 else 0.0


def skewed_interval(
    value: float, drawn: np.ndarray, accelerated: float, clusters: int, level: float = LEVEL
) -> tuple[float, float]:
    """The BCa interval, expanded for few clusters.

    value: the score. drawn: (resamples,), none NaN. accelerated: of `acceleration`. clusters: at least 2.
    """
    from scipy.special import ndtr, ndtri

    below = (drawn < value).mean() + (drawn == value).mean() / 2
    edge = 1 / (len(drawn) + 1)
    bias = ndtri(min(max(below, edge), 1 - edge))
    steps = bias + _width(clusters, level) * np.array([-1, 1])
    return _quantiles(drawn, ndtr(bias + steps / (1 - accelerated * steps)))


def percentile_interval(drawn: np.ndarray, clusters: int, level: float = LEVEL) -> tuple[float, float]:
    """The expanded percentile interval. drawn: (resamples,), none NaN. clusters: at least 2."""
    from scipy.special import ndtr

    return _quantiles(drawn, ndtr(_width(clusters, level) * np.array([-1, 1])))


def p_value(differences: np.ndarray, clusters: int) -> float:
    """Two-sided p-value of no difference: 1 minus the level at which the percentile interval begins to hold 0.

    differences: (resamples,), none NaN. Never below what the number of resamples can tell.
    """
    from scipy.special import ndtri, stdtr

    share = (min((differences <= 0).sum(), (differences >= 0).sum()) + 1) / (len(differences) + 1)
    if share >= 0.5:
        return 1.0
    return float(2 * stdtr(clusters - 1, ndtri(share) / np.sqrt(clusters / (clusters - 1))))


def _width(clusters: int, level: float) -> float:
    """How many standard deviations an interval reaches to either side."""
    from scipy.special import stdtrit

    return float(stdtrit(clusters - 1, 0.5 + level / 2) * np.sqrt(clusters / (clusters - 1)))


def _quantiles(drawn: np.ndarray, shares: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(drawn, shares, method="weibull")  # r values cut the line into r + 1 equally likely parts
    return float(low), float(high)


def _draw(rng: np.random.Generator, resamples: int, clusters: int) -> np.ndarray:
    """(resamples, clusters) float64: how often each cluster comes up in as many draws as there are clusters."""
    drawn = rng.integers(clusters, size=(resamples, clusters)) + clusters * np.arange(resamples)[:, np.newaxis]
    return np.bincount(drawn.ravel(), minlength=resamples * clusters).reshape(resamples, clusters).astype(float)


def _in_parts(scores: ScoresOf, weights: Iterator[np.ndarray]) -> Scores:
    parts = [scores(some) for some in weights]
    return {path: np.concatenate([part[path] for part in parts]) for path in parts[0]}
