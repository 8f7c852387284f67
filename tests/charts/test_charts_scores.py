"""Tables and figures of a report, against scikit-learn and counts by hand."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, classification_report, confusion_matrix, f1_score, roc_auc_score

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


def test_scores_in_words_are_scikit_learns(predictions: Predictions, report: Report) -> None:
    table = scores.scores_in_words(report.judgement.slices)
    theirs = classification_report(
        predictions.truth, predicted(predictions), target_names=LABELS, output_dict=True, zero_division=0
    )
    for ours, name in (("label 1", "label 1"), (r"\*two\*", "*two*"), ("micro avg", "micro avg")):
        for column, key in (("Precision", "precision"), ("Recall", "recall"), ("F1", "f1-score")):
            assert table.loc[ours, column] == f"{theirs[name][key]:.3f}"
        assert table.loc[ours, "Support"] == theirs[name]["support"]
    never = table.loc["never"]
    assert list(never[["Precision", "Recall", "F1", "Support"]]) == [
        "undefined (nothing predicted)",
        *["undefined (no positives)"] * 2,
        0,
    ]
    assert "undefined" in never["95 % interval of F1"]
    low, high = map(float, table.loc["micro avg", "95 % interval of F1"].split(" to "))
    assert low < float(table.loc["micro avg", "F1"]) < high
    assert "samples avg, labelled slices" in table.index


def test_strata_are_judged_apart(predictions: Predictions) -> None:
    patients = np.repeat(np.arange(400), 10)
    judged = make_report(predictions, THRESHOLDS, patients).judgement
    table = scores.strata_in_words(judged)
    assert list(table.index) == ["All slices", "Slices with a label", *scores.PATIENT_RULES.values()]
    assert set(judged.patients) == set(scores.PATIENT_RULES)
    labelled = predictions.truth.any(axis=1)
    theirs = f1_score(predictions.truth[labelled], predicted(predictions)[labelled], average="micro")
    assert table.loc["Slices with a label", "Micro-F1"].startswith(f"{theirs:.3f} (")
    assert table.loc["Slices with a label", "No finding, recall"] == "does not apply"
    assert "bootstrap over 400 patients" in scores.resampling_in_words(judged.slices)
    alone = make_report(predictions, THRESHOLDS).judgement.slices
    assert "4,000 slices" in scores.resampling_in_words(alone) and "too narrow" in scores.resampling_in_words(alone)


def test_baseline_predicts_nothing(predictions: Predictions, report: Report) -> None:
    table = scores.beside_baseline(report.evaluation)
    truth, ours = predictions.truth, predicted(predictions)
    empty = ~truth.any(axis=1)
    assert table.loc["Binary accuracy", "Predict nothing"] == f"{1 - truth.mean():.3f}"
    assert table.loc["Subset accuracy", "Predict nothing"] == f"{empty.mean():.3f}"
    assert table.loc["No finding, precision", "Predict nothing"] == f"{empty.mean():.3f}"
    assert table.loc["Micro-F1", "Predict nothing"] == "0.000"
    assert table.loc["Binary accuracy", "This run"] == f"{(truth == ours).mean():.3f}"
    assert table.loc["No finding, recall", "This run"] == f"{(~ours[empty].any(axis=1)).mean():.3f}"


def test_undefined_no_finding_is_said_in_words() -> None:
    everything = Predictions(np.array(["a"]), np.array([[1]], np.uint8), np.array([[0.9]]), ("only",))
    table = scores.beside_baseline(make_report(everything, {"only": 0.5}).evaluation)
    assert table.loc["No finding, recall", "This run"] == "undefined (every slice has a label)"
    assert table.loc["No finding, precision", "This run"] == "undefined (no slice called no finding)"


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
