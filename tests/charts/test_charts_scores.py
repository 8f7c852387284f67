"""The figures of a report, against scikit-learn and counts by hand."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, confusion_matrix, roc_auc_score

from mri_core.charts import scores
from mri_core.evaluation import Predictions
from mri_core.evaluation.report import Report, make_report

LABELS = ("label 1", "*two*", "never")
THRESHOLDS = {"label 1": 0.5, "*two*": 0.3, "never": 0.9}


@pytest.fixture(scope="module")
def predictions() -> Predictions:
    random = np.random.default_rng(1)
    truth = (random.random((4000, 3)) < (0.5, 0.2, 0.0)).astype(np.uint8)
    probabilities = np.clip(0.3 * truth + 0.7 * random.random(truth.shape), 0, 1)
    probabilities[:, 2] *= 0.5
    return Predictions(np.array([str(i) for i in range(4000)]), truth, probabilities, LABELS)


@pytest.fixture(scope="module")
def report(predictions: Predictions) -> Report:
    return make_report(predictions, THRESHOLDS)


def predicted(predictions: Predictions) -> np.ndarray:
    return (predictions.probabilities >= np.array(list(THRESHOLDS.values()))).astype(int)


@pytest.mark.parametrize("position", range(3))
def test_confusion_is_scikit_learns(predictions: Predictions, report: Report, position: int) -> None:
    figure = scores.confusion_figure(report.evaluation, LABELS[position])
    heat, text = figure.data
    expected = confusion_matrix(predictions.truth[:, position], predicted(predictions)[:, position], labels=[1, 0])
    assert np.allclose(heat.z, expected / 4000)
    for cell, words, column, row in zip(expected.ravel(), text.text, text.x, text.y, strict=True):
        assert words == f"<b>{cell:,}</b><br>{cell / 40:.1f} %"
        assert heat.z[heat.y.index(row)][heat.x.index(column)] == pytest.approx(cell / 4000)


def test_curves_carry_their_area_and_the_threshold(predictions: Predictions, report: Report) -> None:
    truth, values = predictions.truth[:, 1], predictions.probabilities[:, 1]
    called = values >= 0.3
    recall, precision = called[truth == 1].mean(), truth[called].mean()
    for figure, area, point in (
        (
            scores.precision_recall_figure(report.evaluation, report.precision_recall),
            average_precision_score(truth, values),
            (recall, precision),
        ),
        (
            scores.roc_figure(report.evaluation, report.roc),
            roc_auc_score(truth, values),
            (called[truth == 0].mean(), recall),
        ),
    ):
        curve, mark = (trace for trace in figure.data if trace.legendgroup == "*two*")
        assert curve.name.endswith(f"{area:.3f}")
        assert (mark.x[0], mark.y[0]) == pytest.approx(point)
        assert "threshold 0.3" in mark.hovertemplate
        assert all(trace.legendgroup != "never" for trace in figure.data)
        assert sum(len(trace.x) for trace in figure.data) <= scores.MOST_POINTS


def test_many_labels_stay_under_the_limit(predictions: Predictions) -> None:
    names = tuple(f"label {i}" for i in range(14))
    many = Predictions(
        predictions.ids, np.tile(predictions.truth[:, :1], 14), np.tile(predictions.probabilities[:, :1], 14), names
    )
    report = make_report(many, dict.fromkeys(names, 0.5))
    figure = scores.roc_figure(report.evaluation, report.roc)
    assert sum(len(trace.x) for trace in figure.data) <= scores.MOST_POINTS + 4 * len(names)
