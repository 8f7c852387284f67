"""One label's slices at any threshold, against counting by masks."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from mri_core.errors import InvalidInput, NotFound
from mri_core.evaluation.predictions import Predictions
from mri_core.evaluation.workbench import make_workbench, operating_json


@pytest.fixture
def predictions(nested) -> Predictions:
    truth, probabilities = nested
    return Predictions(np.arange(len(truth)).astype(str), truth, probabilities, ("a", "b", "c"))


@pytest.mark.parametrize("position", range(3))
def test_counts_and_scores_by_masks(predictions, position):
    bench = make_workbench(predictions, predictions.label_names[position])
    truth, scores = predictions.truth[:, position] == 1, predictions.probabilities[:, position]
    assert (bench.slices, bench.support) == (len(truth), truth.sum())
    for threshold in (0.0, 0.25, 0.5, 0.77, 1.0):
        called, numbers = scores >= threshold, operating_json(bench.confusion_at(threshold))
        assert numbers["true_positives"] == (truth & called).sum()
        assert numbers["false_positives"] == (~truth & called).sum()
        assert numbers["false_negatives"] == (truth & ~called).sum()
        assert numbers["true_negatives"] == (~truth & ~called).sum()
        assert numbers["sensitivity"] == pytest.approx(called[truth].mean())
        assert numbers["specificity"] == pytest.approx((~called)[~truth].mean())
        assert numbers["precision"] == (pytest.approx(truth[called].mean()) if called.any() else None)
    assert bench.precision_recall.area == pytest.approx(average_precision_score(truth, scores))
    assert bench.roc.area == pytest.approx(roc_auc_score(truth, scores))


def test_thresholds_part_the_slices_in_every_way_or_are_spread_evenly(predictions):
    bench = make_workbench(predictions, "a")
    every = bench.thresholds(10_000)
    called = bench.confusion_at(every)
    alarms = called.true_positives + called.false_positives
    assert (np.diff(every) > 0).all() and (np.diff(alarms) < 0).all()
    assert len(every) == len(np.unique(predictions.probabilities[:, 0])) + (predictions.probabilities[:, 0].max() < 1)
    few = bench.thresholds(10)
    assert len(few) == 10 and {every[0], every[-1]} <= set(few) <= set(every)


def test_without_positives_there_are_no_curves(predictions):
    nothing = Predictions(predictions.ids, predictions.truth * 0, predictions.probabilities, predictions.label_names)
    bench = make_workbench(nothing, "a")
    assert bench.precision_recall is None and bench.roc is None and bench.support == 0
    assert operating_json(bench.confusion_at(0.5))["sensitivity"] is None


def test_what_cannot_be_judged_is_said(predictions):
    with pytest.raises(NotFound, match="no label 'd'; there are a, b, c"):
        make_workbench(predictions, "d")
    damaged = Predictions(predictions.ids, predictions.truth, predictions.probabilities * np.nan, ("a", "b", "c"))
    with pytest.raises(InvalidInput, match="probabilities hold nan"):
        make_workbench(damaged, "a")
