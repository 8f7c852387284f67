"""Several runs that differ in nothing but their seed, folded into one: what the configuration is worth, and how much
of a difference is luck (Bouthillier et al., "Accounting for variance in machine learning benchmarks", 2021)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mri_core.errors import InvalidInput
from mri_core.evaluation.bootstrap import LEVEL
from mri_core.evaluation.paths import Path

BySeed = Mapping[int, Mapping[Path, float]]
"""Seed -> scores of its run, NaN where undefined."""


@dataclass(frozen=True)
class Spread:
    """mean, deviation: over the n runs in which the score is defined; the sample standard deviation is NaN for one."""

    mean: float
    deviation: float
    n: int


@dataclass(frozen=True)
class SeedDifference:
    """The spread of the differences b - a by seed, the 95 % interval of their mean and its p-value.

    low, high, p_value: by Student's paired t-test; NaN for one seed, and without any spread.
    """

    spread: Spread
    low: float
    high: float
    p_value: float


def fold_seeds(scores: BySeed) -> dict[Path, Spread]:
    """Mean and spread of every score over the seeds. Raises InvalidInput without any run, or for differing scores."""
    return {path: _spread(values) for path, values in _columns(scores).items()}


def seed_differences(a: BySeed, b: BySeed) -> dict[Path, SeedDifference]:
    """Scores of b less those of a, seed by seed. Raises InvalidInput unless both have the same seeds."""
    if a.keys() != b.keys():
        raise InvalidInput(
            f"the seeds are {', '.join(map(str, sorted(a)))} and {', '.join(map(str, sorted(b)))}; expected the same "
            "for both: train the missing ones"
        )
    ours, theirs = _columns(a), _columns({seed: b[seed] for seed in a})
    return {path: _difference(theirs[path] - ours[path]) for path in ours}


def _columns(scores: BySeed) -> dict[Path, np.ndarray]:
    """Path -> (seeds,)."""
    runs = list(scores.values())
    if not runs or any(run.keys() != runs[0].keys() for run in runs):
        raise InvalidInput(f"{len(runs)} runs with differing scores were given; expected runs of one configuration")
    return {path: np.array([run[path] for run in runs], dtype=float) for path in runs[0]}


def _spread(values: np.ndarray) -> Spread:
    defined = values[~np.isnan(values)]
    mean = float(defined.mean()) if len(defined) else np.nan
    return Spread(mean, float(defined.std(ddof=1)) if len(defined) > 1 else np.nan, len(defined))


def _difference(values: np.ndarray) -> SeedDifference:
    from scipy.special import stdtr, stdtrit

    spread = _spread(values)
    if not spread.deviation > 0:
        return SeedDifference(spread, np.nan, np.nan, np.nan)
    error, freedom = spread.deviation / np.sqrt(spread.n), spread.n - 1
    reach = float(stdtrit(freedom, 0.5 + LEVEL / 2) * error)
    chance = float(2 * stdtr(freedom, -abs(spread.mean) / error))
    return SeedDifference(spread, spread.mean - reach, spread.mean + reach, chance)
