"""The bootstrap: reproducible, equal to SciPy's where SciPy has it, and right in simulated studies of patients."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap, norm, t

from mri_core.evaluation.bootstrap import (
    acceleration,
    left_out,
    p_value,
    percentile_interval,
    resampled,
    skewed_interval,
)
from mri_core.evaluation.clusters import find_clusters
from mri_core.evaluation.intervals import score_intervals
from mri_core.evaluation.study import decided_study, make_study

NAMES = ("a", "b", "c")
HALVES = np.full(3, 0.5)


def _mean_of(values: np.ndarray):
    return lambda weights: {("mean",): weights @ values / weights.sum(axis=1)}


@pytest.fixture
def skewed() -> np.ndarray:
    return np.random.default_rng(0).exponential(size=400)


def test_the_same_seed_draws_the_same_however_it_is_cut(skewed):
    whole, again = (resampled(_mean_of(skewed), 400, 400, 500, seed=3)["mean",] for _ in range(2))
    assert whole.tolist() == again.tolist()
    assert whole.shape == (500,)
    in_parts = resampled(_mean_of(skewed), 400, 40_000, 500, seed=3)["mean",]  # a dozen resamples at once
    assert in_parts == pytest.approx(whole)
    assert resampled(_mean_of(skewed), 400, 400, 500, seed=4)["mean",].tolist() != whole.tolist()


def test_resamples_spread_like_the_mean_does(skewed):
    drawn = resampled(_mean_of(skewed), 400, 400, 4000)["mean",]
    assert drawn.mean() == pytest.approx(skewed.mean(), abs=0.01)
    assert drawn.std() == pytest.approx(skewed.std() / 20, rel=0.05)


def test_intervals_are_those_of_scipy(skewed):
    """On SciPy's own resamples; a million clusters make the expansion for few too small to see."""
    accelerated = acceleration(np.array([np.delete(skewed, left).mean() for left in range(len(skewed))]))
    for method in ("percentile", "BCa"):
        reference = bootstrap((skewed,), np.mean, method=method, n_resamples=5000, rng=1)
        drawn, limits = reference.bootstrap_distribution, reference.confidence_interval
        mine = (
            percentile_interval(drawn, 1_000_000)
            if method == "percentile"
            else skewed_interval(skewed.mean(), drawn, accelerated, 1_000_000)
        )
        assert mine == pytest.approx((limits.low, limits.high), abs=1e-3), method


def test_groups_of_clusters_give_the_acceleration_of_single_ones():
    values = np.random.default_rng(1).exponential(size=1000)
    without = left_out(_mean_of(values), 1000, 1000)["mean",]
    assert len(without) == 200
    centred = values - values.mean()
    exact = (centred**3).sum() / (6 * (centred**2).sum() ** 1.5)
    assert acceleration(without) == pytest.approx(exact, abs=0.005)
    assert acceleration(np.array([0.5, 0.5, np.nan])) == 0


@pytest.mark.parametrize("clusters", [2, 10, 1000])
def test_few_clusters_widen_an_interval_by_students_distribution(clusters):
    drawn = norm.ppf(np.arange(1, 100_000) / 100_000)
    reach = t.ppf(0.975, clusters - 1) * np.sqrt(clusters / (clusters - 1))
    low, high = percentile_interval(drawn, clusters)
    assert (low, high) == pytest.approx((max(-reach, drawn[0]), min(reach, drawn[-1])), abs=0.01)


@pytest.mark.parametrize("shift", [0.5, 1.9, 2.1, 3.0])
@pytest.mark.parametrize("clusters", [8, 300])
def test_a_p_value_below_five_percent_is_an_interval_without_zero(shift, clusters):
    drawn = shift + norm.ppf(np.arange(1, 20_000) / 20_000)
    low, _ = percentile_interval(drawn, clusters)
    assert (p_value(drawn, clusters) < 0.05) == (low > 0)
    assert p_value(-drawn, clusters) == pytest.approx(p_value(drawn, clusters))


def test_no_difference_and_a_certain_one():
    assert p_value(np.zeros(1000), 50) == 1
    assert 0 < p_value(np.ones(1999), 50) < 0.01  # no smaller than 2,000 resamples can tell


@pytest.fixture
def population(simulate):
    """The scores of a very large study: what the intervals of small ones ought to hold."""
    truth, (probabilities,), patients = simulate(np.random.default_rng(77), 20_000)
    return make_study(truth, probabilities, NAMES, HALVES, find_clusters(patients, len(truth))).points()


COUNTED = (("averages", "micro", "f1"), ("averages", "macro", "f1"), ("subset_accuracy",), ("no_finding", "recall"),
           ("labels", "a", "precision"), ("labels", "b", "recall"), ("labels", "c", "f1"))  # fmt: skip
RANKED = (("macro", "average_precision"), ("macro", "roc_auc"), ("labels", "a", "roc_auc"), ("macro", "brier"))


def test_intervals_hold_the_truth_in_95_of_100_studies(simulate, population):
    rng, studies = np.random.default_rng(1), 1000
    held = dict.fromkeys(COUNTED, 0)
    for number in range(studies):
        truth, (probabilities,), patients = simulate(rng, 60)
        study = decided_study(truth, probabilities >= 0.5, NAMES, find_clusters(patients, len(truth)))
        scores = score_intervals(study, 400, number).scores
        for path in COUNTED:
            held[path] += scores[path].low <= population[path] <= scores[path].high
    shares = {path: count / studies for path, count in held.items()}
    assert 0.93 <= np.mean(list(shares.values())) <= 0.97
    for path, share in shares.items():
        assert 0.92 <= share <= 0.98, path  # 1,000 studies know a share to about 0.7 of 100


def test_intervals_of_rankings_hold_the_truth(simulate, population):
    rng, studies = np.random.default_rng(2), 200
    held = dict.fromkeys(RANKED, 0)
    for number in range(studies):
        truth, (probabilities,), patients = simulate(rng, 60)
        study = make_study(truth, probabilities, NAMES, HALVES, find_clusters(patients, len(truth)))
        scores = score_intervals(study, 400, number).scores
        for path in RANKED:
            held[path] += scores[path].low <= population[path] <= scores[path].high
    for path, count in held.items():
        assert 0.90 <= count / studies <= 0.99, path  # 200 studies know a share to about 1.5 of 100


def test_resampling_slices_of_patients_would_be_too_sure(simulate):
    truth, (probabilities,), patients = simulate(np.random.default_rng(3), 80)
    widths = {}
    for unit, known in {"patient": patients, "slice": None}.items():
        study = decided_study(truth, probabilities >= 0.5, NAMES, find_clusters(known, len(truth)))
        found = score_intervals(study, 1000).scores["labels", "a", "prevalence"]
        widths[unit] = found.high - found.low
    assert widths["patient"] > 1.5 * widths["slice"]
