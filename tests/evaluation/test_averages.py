"""Averages and the no-finding stratum, worked by hand; test_table compares the averages with scikit-learn."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from mri_core.evaluation.averages import Average, NoFinding, overall

TRUTH = np.array([[1, 1], [1, 0], [0, 0], [0, 0]])
PREDICTED = np.array([[1, 0], [1, 1], [0, 0], [0, 1]])


def test_averages_by_hand():
    averages = overall(TRUTH, PREDICTED).averages
    # label 1: tp 2, fp 0, fn 0. label 2: tp 0, fp 2, fn 1. Slices: 1/1/2 and 1/2/1 of tp/predicted/carried, then 0, 0.
    assert averages["micro"] == Average(2 / 4, 2 / 3, 4 / 7)
    assert averages["macro"] == Average(1 / 2, 1 / 2, 1 / 2)
    assert astuple(averages["weighted"]) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert averages["samples"].precision == pytest.approx((1 + 1 / 2) / 4)
    assert averages["samples"].recall == pytest.approx((1 / 2 + 1) / 4)
    assert averages["samples"].f1 == pytest.approx((2 / 3 + 2 / 3) / 4)
    assert averages["samples_labelled"].f1 == pytest.approx(2 / 3)


def test_accuracies_by_hand():
    result = overall(TRUTH, PREDICTED)
    assert result.binary_accuracy == 5 / 8
    assert result.subset_accuracy == 1 / 4
    assert result.hamming_loss == 3 / 8


def test_perfect_predictions_score_one_only_over_labelled_slices():
    averages = overall(TRUTH, TRUTH).averages
    assert averages["samples"] == Average(0.5, 0.5, 0.5)  # half of the slices carry nothing and count as zero
    assert averages["samples_labelled"] == Average(1, 1, 1)


@pytest.mark.parametrize("predicted", [np.zeros((3, 2)), np.ones((3, 2))], ids=["nothing", "everything"])
def test_every_average_is_undefined_without_positives(predicted):
    averages = overall(np.zeros((3, 2)), predicted).averages
    for average in averages.values():
        assert np.isnan([average.precision, average.recall, average.f1]).all()


def test_macro_leaves_out_labels_without_support():
    truth, predicted = np.array([[1, 0], [1, 0]]), np.array([[1, 1], [0, 0]])
    assert overall(truth, predicted).averages["macro"] == Average(1, 1 / 2, 2 / 3)


@pytest.mark.parametrize(
    ("truth", "predicted", "expected"),
    [
        (TRUTH, PREDICTED, (2, 1 / 2, 1)),
        (TRUTH, TRUTH * 0, (2, 1, 1 / 2)),
        (TRUTH, TRUTH * 0 + 1, (2, 0, np.nan)),
        (TRUTH[:2], PREDICTED[:2], (0, np.nan, np.nan)),
        (TRUTH[:2], TRUTH[:2] * 0, (0, np.nan, 0)),
    ],
    ids=["mixed", "nothing predicted", "everything predicted", "all labelled", "all labelled, nothing predicted"],
)
def test_no_finding_by_hand(truth, predicted, expected):
    result = overall(truth, predicted).no_finding
    assert isinstance(result, NoFinding)
    assert (result.slices, result.recall, result.precision) == pytest.approx(expected, nan_ok=True)
    assert result.false_alarm_rate == pytest.approx(1 - result.recall, nan_ok=True)
