"""Weighted average precision and ROC AUC against scikit-learn's sample weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from mri_core.evaluation.ranking import rank, weighted_ranking_scores

slices = st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=30)


@given(slices)
def test_weighted_scores_are_those_of_scikit_learn(rows):
    truth, levels, weight = (np.array(column) for column in zip(*rows, strict=True))
    probabilities, each = levels / 6, np.arange(len(rows))
    precision, area = weighted_ranking_scores(rank(truth.astype(bool), probabilities, each), weight[np.newaxis] * 1.0)
    positive, negative = weight[truth == 1].sum(), weight[truth == 0].sum()
    if positive:
        assert precision[0] == pytest.approx(average_precision_score(truth, probabilities, sample_weight=weight))
    if positive and negative:
        assert area[0] == pytest.approx(roc_auc_score(truth, probabilities, sample_weight=weight))
    assert np.isnan([precision[0], area[0]]).tolist() == [positive == 0, positive == 0 or negative == 0]


@pytest.mark.parametrize("decimals", [1, 2, 12], ids=["many ties", "some ties", "no ties"])
def test_many_weightings_of_patients_at_once(decimals, simulate):
    rng = np.random.default_rng(decimals)
    truth, (probabilities,), patients = simulate(rng, 40)
    label, values = truth[:, 0].astype(bool), probabilities[:, 0].round(decimals)
    weights = rng.random((20, 40))
    precision, area = weighted_ranking_scores(rank(label, values, patients), weights)
    for row, by_patient in enumerate(weights):
        weight = by_patient[patients]
        assert precision[row] == pytest.approx(average_precision_score(label, values, sample_weight=weight))
        assert area[row] == pytest.approx(roc_auc_score(label, values, sample_weight=weight))
