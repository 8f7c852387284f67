"""Runs that differ by their seed, against SciPy's paired t-test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_rel

from mri_core.errors import InvalidInput
from mri_core.evaluation.seeds import fold_seeds, seed_differences

F1 = ("averages", "micro", "f1")
AUC = ("macro", "roc_auc")
A = {1: {F1: 0.80, AUC: 0.90}, 2: {F1: 0.84, AUC: np.nan}, 3: {F1: 0.79, AUC: 0.92}}
B = {3: {F1: 0.83, AUC: 0.91}, 1: {F1: 0.82, AUC: 0.93}, 2: {F1: 0.90, AUC: 0.94}}


def test_mean_and_spread_over_seeds():
    folded = fold_seeds(A)
    assert (folded[F1].mean, folded[F1].deviation) == pytest.approx((0.81, np.std([0.80, 0.84, 0.79], ddof=1)))
    assert (folded[F1].n, folded[AUC].n) == (3, 2)
    one = fold_seeds({7: {F1: 0.5}})[F1]
    assert (one.mean, one.n) == (0.5, 1)
    assert np.isnan(one.deviation)


def test_differences_are_paired_by_seed():
    found = seed_differences(A, B)[F1]
    reference = ttest_rel([B[seed][F1] for seed in A], [A[seed][F1] for seed in A])
    limits = reference.confidence_interval(0.95)
    assert found.spread.mean == pytest.approx(0.04)
    assert (found.p_value, found.low, found.high) == pytest.approx((reference.pvalue, limits.low, limits.high))


@pytest.mark.parametrize("scores", [{1: {F1: 0.5}}, {1: {F1: 0.5}, 2: {F1: 0.5}}], ids=["one seed", "no spread"])
def test_without_spread_there_is_no_test(scores):
    found = seed_differences(scores, scores)[F1]
    assert found.spread.mean == 0
    assert np.isnan([found.low, found.high, found.p_value]).all()


def test_other_seeds_and_other_scores_are_refused():
    with pytest.raises(InvalidInput, match="the seeds are 1, 2, 3 and 1"):
        seed_differences(A, {1: B[1]})
    with pytest.raises(InvalidInput, match="2 runs with differing scores"):
        fold_seeds({1: {F1: 0.5}, 2: {AUC: 0.5}})
    with pytest.raises(InvalidInput, match="0 runs"):
        fold_seeds({})
