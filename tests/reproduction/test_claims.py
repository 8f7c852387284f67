"""Verdicts: the interval against SciPy's, every side of every border, and how often true claims are missed."""

import math

import numpy as np
import pytest
from scipy import stats

from mri_core.reproduction.claims import interval_of_mean, judge
from mri_core.reproduction.study import MARGIN, Claim

BETTER = Claim("a beats b", "a", "b")
NO_HELP = Claim("a does not help", "a", "b", "no help")


def seeds(*differences: float) -> tuple[dict[int, float], dict[int, float]]:
    """Scores of two configurations that differ by this, seed by seed."""
    second = {seed: 0.5 + 0.1 * seed for seed in range(len(differences))}
    return {seed: second[seed] + difference for seed, difference in enumerate(differences)}, second


@pytest.mark.parametrize("count", [2, 3, 5, 30])
def test_the_interval_is_that_of_scipys_paired_test(count: int) -> None:
    generator = np.random.default_rng(count)
    first, second = generator.normal(0.8, 0.02, count), generator.normal(0.79, 0.02, count)
    theirs = stats.ttest_rel(first, second)
    low, high = theirs.confidence_interval(0.95)
    ours = judge(BETTER, dict(enumerate(first)), dict(enumerate(second)), count).interval
    assert (ours.low, ours.high) == pytest.approx((low, high))
    assert ours.mean == pytest.approx(np.mean(first - second))


def test_fewer_than_two_values_have_no_interval() -> None:
    assert interval_of_mean([]) is None and interval_of_mean([0.1]) is None


# The half-width of three values m - s, m, m + s is t(0.975, 2) s / sqrt(3) = 2.484 s.
FINDINGS = [
    (BETTER, (0.009, 0.010, 0.011), "reproduced"),
    (BETTER, (0.000, 0.001, 0.002), "undecided"),
    (BETTER, (-0.011, -0.010, -0.009), "not reproduced"),
    (BETTER, (0.0, 0.0, 0.0), "not reproduced"),
    (BETTER, (-0.1, 0.0, 0.1), "undecided"),
    (NO_HELP, (-0.011, -0.010, -0.009), "reproduced"),
    (NO_HELP, (0.0, 0.0, 0.0), "reproduced"),
    (NO_HELP, (0.0005, 0.001, 0.0015), "reproduced"),  # up to 0.0022
    (NO_HELP, (0.0018, 0.0020, 0.0022), "reproduced"),  # surely a gain, and surely within the margin
    (NO_HELP, (0.004, 0.006, 0.008), "not reproduced"),
    (NO_HELP, (0.0, 0.004, 0.008), "undecided"),
    (NO_HELP, (-0.02, 0.0, 0.02), "undecided"),
]


@pytest.mark.parametrize(("claim", "differences", "finding"), FINDINGS)
def test_findings(claim: Claim, differences: tuple[float, ...], finding: str) -> None:
    verdict = judge(claim, *seeds(*differences), len(differences))
    half = stats.t.ppf(0.975, 2) * np.std(differences, ddof=1) / math.sqrt(3)
    assert verdict.finding == finding, verdict.interval
    assert verdict.interval.high - verdict.interval.low == pytest.approx(2 * half, abs=1e-9)
    assert verdict.differences == pytest.approx(dict(enumerate(differences))) and verdict.reason == ""


def test_the_margin_itself_is_no_help() -> None:
    assert judge(NO_HELP, {0: MARGIN, 1: MARGIN}, {0: 0.0, 1: 0.0}, 2).finding == "reproduced"
    assert judge(NO_HELP, {0: MARGIN + 1e-6, 1: MARGIN + 1e-6}, {0: 0.0, 1: 0.0}, 2).finding == "not reproduced"


def test_only_seeds_that_both_have_finished_are_paired() -> None:
    verdict = judge(BETTER, {0: 0.9, 1: 0.8, 5: 0.1}, {1: 0.7, 2: 0.2, 5: 0.0}, 6)
    assert verdict.differences == pytest.approx({1: 0.1, 5: 0.1})
    assert verdict.finding == "reproduced"


@pytest.mark.parametrize(("first", "second", "done"), [({}, {}, 0), ({0: 0.9}, {}, 0), ({0: 0.9, 1: 0.8}, {1: 0.1}, 1)])
def test_too_few_seeds_leave_it_open(first: dict, second: dict, done: int) -> None:
    verdict = judge(BETTER, first, second, 3)
    assert (verdict.finding, verdict.interval, verdict.reason) == ("undecided", None, f"{done} of 3 seeds finished")


def test_one_seed_can_decide_nothing() -> None:
    verdict = judge(BETTER, {0: 0.9}, {0: 0.1}, 1)
    assert (verdict.finding, verdict.reason) == ("undecided", "one seed is too few")


def test_an_undefined_score_does_not_apply() -> None:
    verdict = judge(BETTER, {0: math.nan, 1: 0.5}, {0: math.nan, 1: 0.4}, 2)
    assert (verdict.finding, verdict.reason) == ("does not apply", "undefined (no positives)")


def test_what_is_no_better_is_seldom_called_so() -> None:
    """Of 2,000 studies in which nothing differs, 2.5 % on either side are expected to be told apart."""
    generator = np.random.default_rng(7)
    found = [
        judge(BETTER, dict(enumerate(a)), dict(enumerate(b)), 3).finding
        for a, b in generator.normal(0.8, 0.01, (2000, 2, 3))
    ]
    for finding in ("reproduced", "not reproduced"):
        low, high = stats.binom.interval(0.9999, 2000, 0.025)
        assert low <= found.count(finding) <= high
