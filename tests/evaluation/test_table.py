"""The study's table against scikit-learn's classification report."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import classification_report, precision_recall_fscore_support

from mri_core.evaluation import evaluate, score_table

SCORES = ["precision", "recall", "f1"]


def test_the_table_is_the_classification_report(case):
    truth, probabilities = case
    names = [f"label {number + 1}" for number in range(truth.shape[1])]
    table = score_table(evaluate(truth, probabilities, names))
    predicted = probabilities >= 0.5
    report = classification_report(truth, predicted, target_names=names, output_dict=True, zero_division=0)
    assert list(table.index) == [*report, "samples avg, labelled slices"]
    assert list(table.columns) == [*SCORES, "support"]
    rows = list(report) if truth.any(axis=0).all() else [*names, "micro avg", "weighted avg", "samples avg"]
    for row in rows:
        expected = [report[row][name] for name in ("precision", "recall", "f1-score")]
        shown = table.loc[row, SCORES].to_numpy(dtype=float)
        assert np.nan_to_num(shown) == pytest.approx(expected), row
        assert table.loc[row, "support"] == report[row]["support"]


def test_macro_is_over_labels_with_support_and_samples_labelled_over_labelled_slices(case):
    truth, probabilities = case[0].copy(), case[1]
    truth[0, 0] = 1  # without any positive there is no average to compare
    table = score_table(evaluate(truth, probabilities, [str(number) for number in range(truth.shape[1])]))
    predicted = probabilities >= 0.5
    supported, labelled = truth.any(axis=0), truth.any(axis=1)
    macro = precision_recall_fscore_support(
        truth, predicted, labels=np.flatnonzero(supported), average="macro", zero_division=0
    )
    samples = precision_recall_fscore_support(truth[labelled], predicted[labelled], average="samples", zero_division=0)
    assert list(table.loc["macro avg", SCORES]) == pytest.approx(macro[:3])
    assert list(table.loc["samples avg, labelled slices", SCORES]) == pytest.approx(samples[:3])


def test_undefined_scores_stay_nan_and_support_stays_whole():
    table = score_table(evaluate([[0, 1], [0, 1]], [[0.1, 0.9], [0.2, 0.4]], ["a", "b"]))
    assert table.loc["a", SCORES].isna().all()
    assert table["support"].tolist() == [0, 2, 2, 2, 2, 2, 2]
    assert table["support"].dtype.kind == "i"
    assert list(table.loc["macro avg", SCORES]) == pytest.approx([1, 1 / 2, 2 / 3])


def test_one_label_has_a_table_too():
    table = score_table(evaluate([[1], [0]], [[0.9], [0.1]], ["tumour"]))
    assert table["f1"].tolist() == [1, 1, 1, 1, 0.5, 1]
