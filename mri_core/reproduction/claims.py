"""Whether the study's claims hold here, judged by differences that are paired by seed.

Runs of the same seed share what the seed decides, such as the order of the slices, so their difference says more than
two means. The interval of the mean difference is Student's ("The probable error of a mean", 1908); each claim has its
own, without a correction for there being several.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mri_core.reproduction.study import MARGIN, Claim

CONFIDENCE = 0.95
Finding = Literal["reproduced", "not reproduced", "undecided", "does not apply"]


@dataclass(frozen=True)
class Interval:
    """A mean and its interval at CONFIDENCE."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Verdict:
    """What became of a claim.

    differences: seed -> score of the first configuration minus that of the second, where both have finished.
    interval: of their mean, None with fewer than two. reason: why nothing could be decided, or empty.
    """

    claim: Claim
    finding: Finding
    differences: dict[int, float]
    interval: Interval | None = None
    reason: str = ""


def judge(claim: Claim, first: Mapping[int, float], second: Mapping[int, float], seeds: int) -> Verdict:
    """Judge a claim by the scores of its two configurations, seed -> F1 in [0, 1], NaN where it is undefined.

    seeds: how many there are to be.
    """
    differences = {seed: first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())}
    if any(math.isnan(difference) for difference in differences.values()):
        return Verdict(claim, "does not apply", differences, reason="undefined (no positives)")
    interval = interval_of_mean(list(differences.values()))
    if interval is None:
        reason = f"{len(differences)} of {seeds} seeds finished" if seeds > 1 else "one seed is too few"
        return Verdict(claim, "undecided", differences, reason=reason)
    return Verdict(claim, _finding(claim, interval), differences, interval)


def _finding(claim: Claim, interval: Interval) -> Finding:
    if claim.kind == "better":
        confirmed, refuted = interval.low > 0, interval.high <= 0
    else:
        # A gain that is certain but within the margin is no help either.
        confirmed, refuted = interval.high <= MARGIN, interval.low > 0
    return "reproduced" if confirmed else "not reproduced" if refuted else "undecided"


def interval_of_mean(values: Sequence[float]) -> Interval | None:
    """Student's interval of a mean, None for fewer than two values."""
    if len(values) < 2:
        return None
    from scipy.special import stdtrit

    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    half = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)) * spread / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)
