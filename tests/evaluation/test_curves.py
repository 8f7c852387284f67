"""Curves: areas against scikit-learn, points against counting at their thresholds, thinning."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from mri_core.errors import InvalidInput
from mri_core.evaluation import precision_recall, roc
from mri_core.evaluation.curves import MOST_POINTS


def _label(slices: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    truth = rng.random(slices) < 0.3
    return truth.astype(np.uint8), np.clip(0.3 + 0.3 * truth + rng.normal(0, 0.2, slices), 0, 1)


@pytest.mark.parametrize("slices", [20, 5000])
@pytest.mark.parametrize(("curve", "area"), [(precision_recall, average_precision_score), (roc, roc_auc_score)])
def test_the_area_is_that_of_all_points(curve, area, slices):
    truth, probabilities = _label(slices)
    assert curve(truth, probabilities).area == pytest.approx(area(truth, probabilities))


@pytest.mark.parametrize("slices", [20, 5000])
@pytest.mark.parametrize(("curve", "first"), [(precision_recall, (0, 1)), (roc, (0, 0))])
def test_a_curve_is_thin_keeps_its_ends_and_runs_one_way(curve, first, slices):
    truth, probabilities = _label(slices)
    drawn = curve(truth, probabilities)
    assert len(drawn.x) == len(drawn.y) == len(drawn.thresholds) <= MOST_POINTS
    last = (1, truth.mean()) if curve is precision_recall else (1, 1)
    assert (drawn.x[0], drawn.y[0]) == first
    assert (drawn.x[-1], drawn.y[-1]) == pytest.approx(last)
    assert (np.diff(drawn.x) >= 0).all()
    assert (np.diff(drawn.thresholds) < 0).all()
    assert np.isinf(drawn.thresholds[0])


def test_each_point_is_what_its_threshold_gives():
    truth, probabilities = _label(3000)
    by_precision, by_rate = precision_recall(truth, probabilities), roc(truth, probabilities)
    assert by_precision is not None
    assert by_rate is not None
    for position in range(1, min(len(by_precision.x), len(by_rate.x)), 25):
        on = probabilities >= by_precision.thresholds[position]
        expected = (truth[on].sum() / truth.sum(), truth[on].mean())
        assert (by_precision.x[position], by_precision.y[position]) == pytest.approx(expected)
        on = probabilities >= by_rate.thresholds[position]
        expected = ((1 - truth[on]).sum() / (1 - truth).sum(), truth[on].sum() / truth.sum())
        assert (by_rate.x[position], by_rate.y[position]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("truth", "curve", "defined"),
    [
        ([0, 0, 0], precision_recall, False),
        ([0, 0, 0], roc, False),
        ([1, 1, 1], precision_recall, True),
        ([1, 1, 1], roc, False),
        ([1, 0, 1], roc, True),
    ],
)
def test_a_curve_without_positives_or_negatives_is_none(truth, curve, defined):
    assert (curve(truth, [0.1, 0.2, 0.3]) is not None) == defined


@pytest.mark.parametrize("curve", [precision_recall, roc])
def test_bad_input_is_refused(curve):
    with pytest.raises(InvalidInput, match="probabilities hold nan"):
        curve([1, 0], [np.nan, 0.5])
    with pytest.raises(InvalidInput, match="expected the same"):
        curve([1, 0], [0.5])
