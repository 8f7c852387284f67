"""Counts against scikit-learn's confusion matrices, and the scores of the training curves."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, hamming_loss, multilabel_confusion_matrix

from mri_core.evaluation import Counts, count, epoch_scores, predicted_labels


def test_counts_are_those_of_the_confusion_matrices(case):
    truth, probabilities = case
    predicted = predicted_labels(probabilities, 0.5)
    counts = count(truth, predicted)
    matrices = multilabel_confusion_matrix(truth, predicted)
    assert counts.true_negatives.tolist() == matrices[:, 0, 0].tolist()
    assert counts.false_positives.tolist() == matrices[:, 0, 1].tolist()
    assert counts.false_negatives.tolist() == matrices[:, 1, 0].tolist()
    assert counts.true_positives.tolist() == matrices[:, 1, 1].tolist()
    assert counts.support.tolist() == truth.sum(axis=0).tolist()
    assert counts.predicted.tolist() == predicted.sum(axis=0).tolist()
    assert counts.slices == len(truth)


def test_accuracies_are_those_of_scikit_learn(case):
    truth, probabilities = case
    predicted = predicted_labels(probabilities, 0.5)
    scores = epoch_scores(count(truth, predicted))
    assert scores["binary_accuracy"] == pytest.approx(1 - hamming_loss(truth, predicted))
    assert scores["subset_accuracy"] == pytest.approx(accuracy_score(truth, predicted))


def test_f1_of_a_curve_is_that_of_scikit_learn(case):
    truth, probabilities = case
    predicted = predicted_labels(probabilities, 0.5)
    scores = epoch_scores(count(truth, predicted))
    expected = f1_score(truth, predicted, average=None, zero_division=np.nan)
    assert scores["f1"] == pytest.approx(expected, nan_ok=True)
    assert scores["macro_f1"] == pytest.approx(np.nanmean(expected))
    assert scores["micro_f1"] == pytest.approx(f1_score(truth, predicted, average="micro"))


def test_sums_over_batches_give_the_counts_of_the_whole(nested):
    truth, predicted = nested[0], predicted_labels(nested[1], 0.5)
    whole = count(truth, predicted)
    batches = [count(truth[start : start + 64], predicted[start : start + 64]) for start in range(0, len(truth), 64)]
    summed = Counts.from_sums(
        np.sum([batch.true_positives for batch in batches], axis=0, dtype=np.float32),
        np.sum([batch.false_positives for batch in batches], axis=0, dtype=np.float32),
        np.sum([batch.false_negatives for batch in batches], axis=0, dtype=np.float32),
        exact_matches=float(sum(batch.exact_matches for batch in batches)),
        slices=sum(batch.slices for batch in batches),
    )
    assert summed.true_negatives.tolist() == whole.true_negatives.tolist()
    assert summed.exact_matches == whole.exact_matches
    assert epoch_scores(summed) == epoch_scores(whole)


def test_f1_is_undefined_when_nothing_is_there_and_nothing_is_predicted():
    scores = epoch_scores(Counts.from_sums([0, 3], [0, 1], [0, 1], exact_matches=6, slices=8))
    assert np.isnan(scores["f1"][0])
    assert scores["f1"][1] == scores["macro_f1"] == scores["micro_f1"] == 0.75
    nothing = epoch_scores(Counts.from_sums([0], [0], [0], exact_matches=8, slices=8))
    assert np.isnan([nothing["micro_f1"], nothing["macro_f1"], *nothing["f1"]]).all()
    assert nothing["binary_accuracy"] == nothing["subset_accuracy"] == 1


def test_counts_of_no_slice_have_no_accuracy():
    empty = Counts.from_sums([0, 0], [0, 0], [0, 0], exact_matches=0, slices=0)
    assert np.isnan([empty.binary_accuracy, empty.subset_accuracy]).all()


def test_a_label_is_on_when_its_probability_reaches_its_threshold():
    on = predicted_labels(np.array([[0.5, 0.5], [0.49, 0.9]]), [0.5, 0.9])
    assert on.tolist() == [[True, False], [False, True]]
