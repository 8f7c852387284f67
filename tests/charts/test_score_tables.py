"""The tables of a report, against scikit-learn and counts by hand."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, classification_report, f1_score, roc_auc_score

from mri_core.charts import score_tables as tables
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
    table = tables.scores_in_words(report.judgement.slices)
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
    low, high = map(float, table.loc["micro avg", "95 % interval of F1"].split("–"))
    assert low < float(table.loc["micro avg", "F1"]) < high
    assert "samples avg, labelled slices" in table.index


def test_strata_are_judged_apart(predictions: Predictions) -> None:
    patients = np.repeat(np.arange(400), 10)
    judged = make_report(predictions, THRESHOLDS, patients).judgement
    table = tables.strata_in_words(judged)
    assert list(table.index) == ["All slices", "Slices with a label", *tables.PATIENT_RULES.values()]
    assert set(judged.patients) == set(tables.PATIENT_RULES)
    labelled = predictions.truth.any(axis=1)
    theirs = f1_score(predictions.truth[labelled], predicted(predictions)[labelled], average="micro")
    assert table.loc["Slices with a label", "Micro-F1"].startswith(f"{theirs:.3f} (")
    assert table.loc["Slices with a label", "No finding, recall"] == "does not apply"
    assert "bootstrap over 400 patients" in tables.resampling_in_words(judged.slices)
    alone = make_report(predictions, THRESHOLDS).judgement.slices
    assert "4,000 slices" in tables.resampling_in_words(alone) and "too narrow" in tables.resampling_in_words(alone)


def test_baselines_stand_beside_the_run(predictions: Predictions, report: Report) -> None:
    table = tables.beside_baselines(report.judgement)
    assert list(table.columns) == ["This run", "Predict nothing", "Predict everything"]
    truth, ours = predictions.truth, predicted(predictions)
    empty = ~truth.any(axis=1)
    assert table.loc["Binary accuracy", "Predict nothing"] == f"{1 - truth.mean():.3f}"
    assert table.loc["Subset accuracy", "Predict nothing"] == f"{empty.mean():.3f}"
    assert table.loc["No finding, precision", "Predict nothing"] == f"{empty.mean():.3f}"
    assert table.loc["Micro-F1", "Predict nothing"] == "0.000"
    everything = f1_score(truth, np.ones_like(truth), average="micro")
    assert table.loc["Micro-F1", "Predict everything"] == f"{everything:.3f}"
    assert table.loc["Mean ROC AUC", "Predict nothing"] == "does not apply"
    assert table.loc["Binary accuracy", "This run"].startswith(f"{(truth == ours).mean():.3f} (")
    assert table.loc["No finding, recall", "This run"].startswith(f"{(~ours[empty].any(axis=1)).mean():.3f} (")


def test_the_prevalence_baseline_is_shown_where_training_is_known(predictions: Predictions) -> None:
    judged = make_report(predictions, THRESHOLDS, None, np.array([0.5, 0.2, 0.0])).judgement
    table = tables.beside_baselines(judged)
    # A constant ranks nothing.
    assert table.loc["Mean ROC AUC", "Prevalence"] == "0.500"
    shares = predictions.truth.mean(axis=0)
    assert table.loc["Mean Brier score", "Prevalence"] == f"{np.mean((1 - shares) * shares):.3f}"


def test_probabilities_are_judged_whatever_the_threshold(predictions: Predictions, report: Report) -> None:
    table = tables.ranking_in_words(report.judgement.slices)
    truth, values = predictions.truth[:, 1], predictions.probabilities[:, 1]
    assert table.loc[r"\*two\*", "ROC AUC"].startswith(f"{roc_auc_score(truth, values):.3f} (")
    assert table.loc[r"\*two\*", "Average precision"].startswith(f"{average_precision_score(truth, values):.3f} (")
    assert table.loc["label 1", "Brier score"].startswith(
        f"{brier_score_loss(predictions.truth[:, 0], predictions.probabilities[:, 0]):.3f} ("
    )
    assert table.loc["never", "ROC AUC"] == "undefined (no positives)"


def test_whole_slices(predictions: Predictions, report: Report) -> None:
    table = tables.whole_slices_in_words(report.judgement.slices)["Score"]
    ours, truth = predicted(predictions), predictions.truth
    empty = ~truth.any(axis=1)
    assert table["Subset accuracy"].startswith(f"{(ours == truth).all(axis=1).mean():.3f} (")
    assert table["False alarms per slice"].startswith(f"{ours[empty].any(axis=1).mean():.3f} (")
    assert "False alarms per patient" not in table.index, "patients are unknown here"
    patients = np.repeat(np.arange(400), 10)
    judged = make_report(predictions, THRESHOLDS, patients).judgement.slices
    clean = ~truth.any(axis=1).reshape(400, 10).any(axis=1)
    alarmed = ours.any(axis=1).reshape(400, 10).any(axis=1)
    found = tables.whole_slices_in_words(judged)["Score"]["False alarms per patient"]
    assert found.startswith("undefined" if not clean.any() else f"{alarmed[clean].mean():.3f}")


def test_undefined_no_finding_is_said_in_words() -> None:
    everything = Predictions(np.array(["a"]), np.array([[1]], np.uint8), np.array([[0.9]]), ("only",))
    table = tables.beside_baselines(make_report(everything, {"only": 0.5}).judgement)
    assert table.loc["No finding, recall", "This run"] == "undefined (every slice has a label)"
    assert table.loc["No finding, precision", "This run"] == "undefined (no slice called no finding)"
