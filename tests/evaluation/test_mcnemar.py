"""McNemar's test in all its forms, against SciPy and against counting every swap; Holm by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2

from mri_core.evaluation.mcnemar import FEW, clustered_mcnemar_test, holm, mcnemar_test


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (0, 5), (3, 9), (12, 12), (24, 0)])
def test_few_discordant_slices_are_tested_exactly(only_a, only_b):
    test = mcnemar_test(only_a, only_b)
    expected = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1
    assert test.p_value == pytest.approx(expected)
    assert np.isnan(test.statistic)


@pytest.mark.parametrize(("only_a", "only_b"), [(5, 20), (40, 40), (59, 121), (300, 200)])
def test_many_discordant_slices_are_tested_by_chi_squared(only_a, only_b):
    test = mcnemar_test(only_a, only_b)
    statistic = max(abs(only_a - only_b) - 1, 0) ** 2 / (only_a + only_b)
    assert (test.statistic, test.p_value) == pytest.approx((statistic, chi2.sf(statistic, 1)))


def test_the_example_of_a_textbook():
    # Agresti, "Categorical data analysis": approval of the prime minister, 150 and 86 changed their minds.
    test = mcnemar_test(150, 86)
    assert test.statistic == pytest.approx((150 - 86 - 1) ** 2 / 236)
    assert 2e-5 < test.p_value < 8e-5


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=9))
def test_few_patients_are_tested_by_counting_every_swap(patients):
    only_a, only_b = np.array(patients).T
    surplus = only_b - only_a
    swaps = np.array(list(product((-1, 1), repeat=len(surplus)))) @ surplus
    expected = (np.abs(swaps) >= abs(surplus.sum())).mean()
    assert clustered_mcnemar_test(only_a, only_b).p_value == pytest.approx(expected)


def test_one_slice_a_patient_is_mcnemar():
    only_a, only_b = np.repeat([1, 0, 0], [6, 12, 30]), np.repeat([0, 1, 0], [6, 12, 30])
    assert clustered_mcnemar_test(only_a, only_b).p_value == pytest.approx(mcnemar_test(6, 12).p_value)
    assert clustered_mcnemar_test([3], [0]).p_value == 1  # one patient says nothing


def test_many_patients_are_tested_as_obuchowski_derives_it():
    """Var(p1 - p2) = var1 + var2 - 2 cov, each a ratio estimator's over patients, at the pooled proportion."""
    rng = np.random.default_rng(0)
    slices = rng.integers(5, 15, 60)
    right_a, right_b = rng.binomial(slices, 0.7), rng.binomial(slices, 0.8)
    only_a = np.array([rng.hypergeometric(a, n - a, n - b) for a, b, n in zip(right_a, right_b, slices, strict=True)])
    only_b = only_a + right_b - right_a
    total, patients = slices.sum(), len(slices)
    pooled = (right_a.sum() + right_b.sum()) / (2 * total)
    residuals = np.stack([right_a - slices * pooled, right_b - slices * pooled])
    covariance = patients / (patients - 1) * residuals @ residuals.T / total**2
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    expected = ((right_b.sum() - right_a.sum()) / total) ** 2 / variance
    test = clustered_mcnemar_test(only_a, only_b)
    assert (only_a != only_b).sum() >= FEW
    assert (test.statistic, test.p_value) == pytest.approx((expected, chi2.sf(expected, 1)))
    assert (test.only_a, test.only_b) == (only_a.sum(), only_b.sum())


def test_patients_keep_the_false_positive_rate_where_slices_do_not(simulate):
    rng, found = np.random.default_rng(0), np.zeros(2)
    for _ in range(600):
        truth, (a, b), patients = simulate(rng, 60, models=2)
        right_a, right_b = ((scores[:, 0] >= 0.5) == truth[:, 0] for scores in (a, b))
        only_a, only_b = (np.bincount(patients, weights=some) for some in (right_a & ~right_b, right_b & ~right_a))
        tests = clustered_mcnemar_test(only_a, only_b), mcnemar_test(int(only_a.sum()), int(only_b.sum()))
        found += [test.p_value < 0.05 for test in tests]
    clustered, naive = found / 600
    assert 0.03 <= clustered <= 0.07
    assert naive > clustered


def test_holm_by_hand():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({"a": 0.9, "b": 0.8}) == pytest.approx({"a": 1, "b": 1})
    assert holm({}) == {}


def test_what_was_not_tested_does_not_count():
    adjusted = holm({"a": 0.02, "b": np.nan, "c": 0.5})
    assert adjusted["a"] == pytest.approx(0.04)
    assert np.isnan(adjusted["b"])
