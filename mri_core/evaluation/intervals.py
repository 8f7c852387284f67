"""How sure every score of a study is: its value with an interval, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mri_core.errors import InvalidInput
from mri_core.evaluation import bootstrap
from mri_core.evaluation.bootstrap import LEVEL, RESAMPLES
from mri_core.evaluation.clusters import Clusters
from mri_core.evaluation.paths import Path, nested
from mri_core.evaluation.proportion import wilson
from mri_core.evaluation.study import Study
from mri_core.evaluation.totals import FALSE_ALARMS_PER_PATIENT

DEFINED = 0.8
"""A score that exists in fewer resamples than this share has no interval."""


@dataclass(frozen=True)
class Interval:
    """A score with its interval. low, high: NaN when undefined, and then reason says why."""

    value: float
    low: float
    high: float
    reason: str = ""


@dataclass(frozen=True)
class Resampling:
    """How intervals came about. unit: "patient" or "slice"; number: how many of them; level: a share."""

    unit: str
    number: int
    resamples: int
    seed: int
    level: float = LEVEL


@dataclass(frozen=True)
class Intervals:
    """scores: path in the evaluation's document -> interval."""

    resampling: Resampling
    scores: dict[Path, Interval]

    def to_json(self) -> dict[str, Any]:
        """The document of the scores with [low, high] in place of each, null where undefined, and the reasons."""
        resampling = self.resampling
        limits = {path: None if found.reason else [found.low, found.high] for path, found in self.scores.items()}
        return {
            "method": f"{resampling.unit} bootstrap, BCa",
            "unit": resampling.unit,
            "number": resampling.number,
            "resamples": resampling.resamples,
            "seed": resampling.seed,
            "level": resampling.level,
            **nested(limits),
            "reasons": nested({path: found.reason for path, found in self.scores.items() if found.reason}),
        }


def score_intervals(study: Study, resamples: int = RESAMPLES, seed: int = 0) -> Intervals:
    """95 % intervals of every score of a study by resampling its clusters, reproducible by their seed.

    Raises InvalidInput for fewer than 100 resamples.
    """
    resampling, points = resample_by(study.clusters, resamples, seed), study.points()
    if resampling.number < 2:
        reason = why_undefined(1.0, np.ones(1), resampling)
        return Intervals(resampling, {path: Interval(value, np.nan, np.nan, reason) for path, value in points.items()})
    size = (study.clusters.number, study.clusters.slices)
    drawn = bootstrap.resampled(study.scores, *size, resamples, seed)
    without = bootstrap.left_out(study.scores, *size)
    scores = {path: _interval(points[path], drawn[path], without[path], resampling) for path in points}
    return Intervals(resampling, scores | _false_alarms(study, resampling.level))


def resample_by(clusters: Clusters, resamples: int, seed: int) -> Resampling:
    """Raises InvalidInput for fewer than 100 resamples, which say nothing about the tails."""
    if resamples < 100:
        raise InvalidInput(f"{resamples} resamples were asked for; expected at least 100, better {RESAMPLES:,}")
    return Resampling(clusters.unit, clusters.number, resamples, seed)


def why_undefined(value: float, drawn: np.ndarray, resampling: Resampling) -> str:
    """Why there is no interval for a score, "" when there is one. drawn: (resamples,), NaN where undefined."""
    if np.isnan(value):
        return "undefined (the score itself is undefined)"
    if resampling.number < 2:
        return f"undefined (one {resampling.unit}: there is nothing to resample)"
    defined = drawn[~np.isnan(drawn)]
    if len(defined) < DEFINED * len(drawn):
        return f"undefined (the score exists in only {len(defined):,} of {len(drawn):,} resamples)"
    return "undefined (every resample gives the same score)" if np.ptp(defined) < 1e-12 else ""


def _false_alarms(study: Study, level: float) -> dict[Path, Interval]:
    """A share of independent patients, often few and all alike: Wilson's interval, not the bootstrap."""
    if study.clusters.unit != "patient":
        return {}
    clean, alarmed = (study.sums[:, study.columns[name]].sum() for name in ("clean", "alarmed"))
    if not clean:
        return {}
    low, high = wilson(alarmed, clean, level)
    return {FALSE_ALARMS_PER_PATIENT: Interval(float(alarmed / clean), float(low), float(high))}


def _interval(value: float, drawn: np.ndarray, without: np.ndarray, resampling: Resampling) -> Interval:
    reason = why_undefined(value, drawn, resampling)
    if reason:
        return Interval(value, np.nan, np.nan, reason)
    limits = bootstrap.skewed_interval(
        value, drawn[~np.isnan(drawn)], bootstrap.acceleration(without), resampling.number, resampling.level
    )
    return Interval(value, *limits)
