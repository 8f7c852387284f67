"""The workbench's figures and tables, against counting by masks."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from mri_core.charts import threshold_tables as tables
from mri_core.charts import thresholds as charts
from mri_core.charts.theme import PALETTE
from mri_core.evaluation.calibration import Calibration
from mri_core.evaluation.predictions import Predictions
from mri_core.evaluation.report import make_report
from mri_core.evaluation.thresholds import choose_threshold
from mri_core.evaluation.workbench import Workbench, make_workbench
from mri_core.prediction.model_file import ModelDescription

NAMES = ("label 1", "*two*", "never")
CHOSEN = {"label 1": 0.4, "*two*": 0.3, "never": 0.9}


@pytest.fixture(scope="module")
def predictions() -> Predictions:
    rng = np.random.default_rng(1)
    truth = (rng.random((3000, 3)) < (0.5, 0.2, 0.0)).astype(np.uint8)
    probabilities = np.clip(0.3 * truth + 0.7 * rng.random(truth.shape), 0, 1)
    probabilities[:, 2] *= 0.5
    return Predictions(np.arange(3000).astype(str), truth, probabilities, NAMES)


@pytest.fixture(scope="module")
def bench(predictions: Predictions) -> Workbench:
    return make_workbench(predictions, "*two*")


def description(**changes: object) -> ModelDescription:
    held = {"run": "r", "dataset": {}, "labels": NAMES, "thresholds": CHOSEN, "image_shape": (64, 64)}
    return ModelDescription(**held | {"onnx_difference": 0.0} | changes)


def marks(figure) -> dict[str, tuple[float, float]]:
    return {t.name.split(",")[0]: (t.x[0], t.y[0]) for t in figure.data if t.mode == "markers"}


def test_marks_lie_where_the_thresholds_are(predictions: Predictions, bench: Workbench) -> None:
    truth, scores = predictions.truth[:, 1] == 1, predictions.probabilities[:, 1]
    for figure, point, chance, area in (
        (
            charts.precision_recall_figure,
            lambda on: (on[truth].mean(), truth[on].mean()),
            (truth.mean(), truth.mean()),
            average_precision_score(truth, scores),
        ),
        (charts.roc_figure, lambda on: (on[~truth].mean(), on[truth].mean()), (0, 1), roc_auc_score(truth, scores)),
    ):
        drawn = figure(bench, PALETTE[1], 0.5, 0.31)
        assert marks(drawn)["present"] == pytest.approx(point(scores >= 0.5))
        assert marks(drawn)["candidate"] == pytest.approx(point(scores >= 0.31))
        assert next(trace.y for trace in drawn.data if trace.name == "chance") == pytest.approx(chance)
        assert drawn.layout.title.text.endswith(f" {area:.3f}")
        assert drawn.layout.xaxis.title.text and drawn.layout.yaxis.title.text
        assert {trace.name for trace in drawn.data} >= {"present, 0.500", "candidate, 0.310"}
        assert sum(len(trace.x) for trace in drawn.data) <= 2000


def test_a_label_without_positives_has_no_curve(predictions: Predictions) -> None:
    never = make_workbench(predictions, "never")
    for figure, title in ((charts.precision_recall_figure, "Precision and recall"), (charts.roc_figure, "ROC")):
        drawn = figure(never, PALETTE[2], 0.5, 0.1)
        assert [trace.name.split(",")[0] for trace in drawn.data] == ["chance", "present", "candidate"]
        assert drawn.layout.title.text == title


def test_both_thresholds_are_counted(predictions: Predictions, bench: Workbench) -> None:
    table = tables.compared_in_words(bench, 0.5, 0.5)  # two columns, even where they are the same
    other = tables.compared_in_words(bench, 0.5, 0.9999)
    truth, on = predictions.truth[:, 1] == 1, predictions.probabilities[:, 1] >= 0.5
    assert table.loc["True negatives", "Present"] == f"{(~truth & ~on).sum():,}"
    assert table.loc["Specificity", "Candidate"] == f"{(~on)[~truth].mean():.3f}"
    assert other.loc["Threshold"].tolist() == ["0.500", "1.000"]


def test_every_threshold_can_be_downloaded(predictions: Predictions, bench: Workbench) -> None:
    table = tables.every_threshold(bench)
    assert len(table) == 1000 and table["threshold"].is_monotonic_increasing
    truth, scores = predictions.truth[:, 1] == 1, predictions.probabilities[:, 1]
    for _, row in table.iloc[::250].iterrows():
        on = scores >= row["threshold"]
        assert row["true_positives"] == (truth & on).sum() and row["precision"] == pytest.approx(truth[on].mean())
    assert np.isnan(table["precision"].iloc[-1])


def test_choices_say_where_they_come_from(predictions: Predictions) -> None:
    chosen = choose_threshold(predictions, "*two*", "sensitivity", 0.8)
    calibration = {"never": Calibration("platt", {"slope": 1.0, "intercept": 0.0}, 1, 1, {}, 50, "validation", "2025")}
    model = description(threshold_choices={"*two*": chosen}, calibration=calibration)
    table = tables.choices_in_words(model, lambda when: f"in {when.year}")
    row = table.loc[r"\*two\*"]
    assert row["Rule"] == "Sensitivity of at least 0.8" and row["Date"] == f"in {chosen.date[:4]}"
    assert row["Chosen on"] == f"validation, {predictions.truth[:, 1].sum()} positives"
    assert row["Sensitivity there"] == f"{chosen.operating_point.sensitivity:.3f}"
    assert table.loc["label 1", "Rule"] == tables.NOT_CHOSEN
    assert "moved along with the calibration" in table.loc["never", "Rule"]

    numbers = tables.choices_table(model)
    assert numbers.loc["*two*", "sensitivity"] == chosen.operating_point.sensitivity
    assert numbers["threshold"].to_dict() == CHOSEN
    assert numbers.loc["label 1"].isna().sum() == len(numbers.columns) - 1


def test_what_is_reached_has_an_interval_or_a_reason(predictions: Predictions) -> None:
    judged = make_report(predictions, CHOSEN).judgement.slices
    table = tables.reached_in_words(judged)
    truth, on = predictions.truth[:, 0] == 1, predictions.probabilities[:, 0] >= 0.4
    value, interval = table.loc["label 1", "Sensitivity"].split(" ")
    assert value == f"{on[truth].mean():.3f}"
    low, high = map(float, interval.strip("()").split("–"))
    assert low < float(value) < high
    assert table.loc["never", ["Sensitivity", "Precision"]].tolist() == [
        "undefined (no positives)",
        "undefined (nothing predicted)",
    ]
