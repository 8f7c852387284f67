"""Runs folded over their seeds: which belong together, their spread, and differences against SciPy."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ended_runs import described
from scipy.stats import ttest_rel

from mri_core.runs.configurations import fold_configurations

F1 = ("averages", "micro", "f1")
AUC = ("macro", "roc_auc")


def test_runs_of_one_seed_each_are_not_folded() -> None:
    runs = [described(1), described(2, batch_size=32)]
    assert fold_configurations(runs, [{F1: 0.5}, {F1: 0.6}]) == ()


def test_runs_that_differ_in_their_seed_alone_belong_together() -> None:
    runs = [
        described(1, seed=2),
        described(2, batch_size=32),
        described(3, seed=0),
        described(4, batch_size=32, seed=9),
    ]
    first, second = fold_configurations(runs, [{F1: 0.8}, {F1: 0.7}, {F1: 0.9}, {F1: 0.6}])
    assert [run.id for run in first.runs] == [runs[2].id, runs[0].id]
    assert first.seeds == (0, 2) and second.seeds == (0, 9)
    assert (first.scores[F1].mean, first.scores[F1].deviation) == pytest.approx((0.85, np.std([0.8, 0.9], ddof=1)))
    assert first.differences is None and first.reason == ""
    assert second.differences is None
    assert "the seeds are 0, 2 and 0, 9" in second.reason


def test_a_repeated_seed_counts_once() -> None:
    runs = [described(1), described(2), described(3, seed=1)]
    (only,) = fold_configurations(runs, [{F1: 0.5}, {F1: 0.9}, {F1: 0.7}])
    assert [run.id for run in only.runs] == [runs[0].id, runs[2].id]
    assert only.scores[F1].mean == pytest.approx(0.6)


def test_configurations_with_the_same_seeds_are_compared_seed_by_seed() -> None:
    ours, theirs = [0.80, 0.84, 0.79], [0.83, 0.90, 0.80]
    runs = [described(seed, seed=seed) for seed in range(3)]
    # In another order, so that pairing by place would be wrong.
    runs += [described(9 - seed, optimizer="sgd", seed=seed) for seed in (2, 0, 1)]
    scores = [{F1: value, AUC: np.nan} for value in (*ours, theirs[2], theirs[0], theirs[1])]
    _, second = fold_configurations(runs, scores)
    reference = ttest_rel(theirs, ours)
    limits = reference.confidence_interval(0.95)
    assert second.differences is not None
    found = second.differences[F1]
    assert (found.spread.mean, found.low, found.high, found.p_value) == pytest.approx(
        (np.mean(theirs) - np.mean(ours), limits.low, limits.high, reference.pvalue)
    )
    document = second.to_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["runs"] == [run.id for run in second.runs] and document["seeds"] == [0, 1, 2]
    assert document["scores"]["averages"]["micro"]["f1"]["n"] == 3
    assert document["scores"]["macro"]["roc_auc"]["mean"] is None
    assert document["differences"]["averages"]["micro"]["f1"]["p_value"] == pytest.approx(reference.pvalue)
