"""Scores over seeds, against scikit-learn."""

import math
from dataclasses import replace

import numpy as np
import pytest
from reproduction_support import finish, predicted
from sklearn.metrics import precision_recall_fscore_support

from mri_core.errors import NotFound
from mri_core.evaluation.predictions import load_predictions, save_predictions
from mri_core.reproduction.measured import Measured, SeedScores, measured_rows, seed_scores
from mri_core.reproduction.study import REPORTED

REPORT = REPORTED["cnn"]


def scores(value: float, labels: int = 3) -> SeedScores:
    return SeedScores(((value, value, value),) * labels, dict.fromkeys(("micro", "samples"), (value, value, value)))


def test_a_run_is_scored_as_scikit_learn_does(bench) -> None:
    run = finish(bench.store, bench.dataset, "cnn", skill=0.9)
    stored = load_predictions(run.folder, "validation")
    called = stored.probabilities >= 0.5
    found = seed_scores(run)
    theirs = precision_recall_fscore_support(stored.truth, called, zero_division=0)[:3]
    np.testing.assert_allclose(np.transpose(found.labels), theirs)
    for average in ("micro", "macro", "weighted", "samples"):
        expected = precision_recall_fscore_support(stored.truth, called, average=average, zero_division=0)[:3]
        assert found.averages[average] == pytest.approx(expected)
    assert found.f1(None) == found.averages["micro"][2] and found.f1(2) == found.labels[2][2]


def test_predictions_that_are_gone_are_said(bench) -> None:
    run = finish(bench.store, bench.dataset, "cnn")
    (run.folder / "predictions.parquet").unlink()
    with pytest.raises(NotFound, match="no predictions"):
        seed_scores(run)


def test_a_label_that_never_occurs_is_undefined(bench) -> None:
    run = finish(bench.store, bench.dataset, "cnn")
    without = predicted(bench.dataset, 0.9, 0)
    without = replace(without, truth=without.truth * np.array([1, 1, 0], np.uint8))
    save_predictions(run.folder, {"validation": without})
    assert math.isnan(seed_scores(run).f1(2)) and seed_scores(run).f1(1) > 0


def test_mean_spread_and_difference_over_seeds() -> None:
    rows = measured_rows([scores(0.8), scores(0.9), scores(0.85)], ("a", "b", "c"), REPORT)
    assert [(row.name, row.is_label) for row in rows] == [
        ("a", True), ("b", True), ("c", True), ("micro", False), ("samples", False),
    ]  # fmt: skip
    precision, recall, f1 = rows[2].scores
    assert (f1.mean, f1.spread) == pytest.approx((0.85, 0.05))
    assert [score.study for score in rows[2].scores] == [0.85, 0.81, 0.83]
    assert (precision.difference, recall.difference, f1.difference) == pytest.approx((0.0, 0.04, 0.02))
    assert [score.study for score in rows[-1].scores] == [0.43, 0.44, 0.42]


def test_one_seed_has_no_spread_and_an_undefined_mean_no_difference() -> None:
    (row, *_) = measured_rows([scores(0.8)], ("a", "b", "c"), REPORT)
    assert math.isnan(row.scores[0].spread)
    assert Measured(math.nan, math.nan, 0.9).difference is None
    (row, *_) = measured_rows([scores(0.8), scores(math.nan)], ("a", "b", "c"), REPORT)
    assert math.isnan(row.scores[0].mean)


@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("a", "b", "c", "d")])
def test_with_other_labels_only_averages_are_compared(names: tuple[str, ...]) -> None:
    rows = measured_rows([scores(0.8, len(names))], names, REPORT)
    assert {score.study for row in rows if row.is_label for score in row.scores} == {None}
    assert all(score.study is not None for row in rows if not row.is_label for score in row.scores)


@pytest.mark.parametrize("reported", [None, REPORTED["cnn-poisson"]])
def test_without_the_studys_figures_there_is_nothing_to_compare(reported) -> None:
    rows = measured_rows([scores(0.8)], ("a", "b", "c"), reported)
    assert {score.study for row in rows for score in row.scores} == {None}
