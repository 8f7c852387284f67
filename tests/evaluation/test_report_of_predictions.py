"""A report judges at the given thresholds and holds every label's curves."""

import numpy as np
import pytest

from mri_core.errors import InvalidInput
from mri_core.evaluation import Predictions, evaluate, precision_recall
from mri_core.evaluation.report import make_report

PREDICTIONS = Predictions(
    ids=np.array(["a", "b", "c"]),
    truth=np.array([[1, 0], [0, 0], [1, 0]], np.uint8),
    probabilities=np.array([[0.9, 0.2], [0.4, 0.1], [0.6, 0.3]]),
    label_names=("one", "never"),
)


def test_thresholds_go_by_name() -> None:
    report = make_report(PREDICTIONS, {"never": 0.25, "one": 0.7})
    expected = evaluate(PREDICTIONS.truth, PREDICTIONS.probabilities, ("one", "never"), [0.7, 0.25])
    assert report.evaluation.thresholds == expected.thresholds == (0.7, 0.25)
    assert report.evaluation.counts.true_positives.tolist() == [1, 0]
    assert report.evaluation.counts.false_positives.tolist() == [0, 1]


def test_curves_of_every_label() -> None:
    report = make_report(PREDICTIONS, {"one": 0.5, "never": 0.5})
    alone = precision_recall([1, 0, 1], [0.9, 0.4, 0.6])
    assert report.precision_recall["one"].area == alone.area
    assert report.roc["one"].area == 1.0
    assert report.precision_recall["never"] is None and report.roc["never"] is None


def test_a_label_without_a_threshold_is_named() -> None:
    with pytest.raises(InvalidInput, match="never"):
        make_report(PREDICTIONS, {"one": 0.5})
