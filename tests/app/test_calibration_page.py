"""The Calibration page: its numbers by another way, and what storing changes and leaves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from operating_support import STEEPER, one_label, overconfident
from sklearn.metrics import brier_score_loss
from streamlit.testing.v1 import AppTest

from mri_core.evaluation.predictions import load_predictions
from mri_core.prediction.model_file import read_description
from mri_core.prediction.predictor import load_predictor
from mri_core.runs.store import RunStore

Open = Callable[..., AppTest]


@pytest.fixture
def opened(lab: RunStore, trained, open_page: Open) -> Open:
    """The page on the run, whose predictions were made for it."""
    overconfident(lab, trained.run_id)
    return lambda **address: open_page("calibration", run=trained.run_id, **address)


@pytest.fixture
def folder(lab: RunStore, trained):
    return lab.get(trained.run_id).folder


def button(app: AppTest, label: str):
    return next(button for button in app.button if button.label == label)


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.main.markdown, *app.main.caption])


def adaptive_error(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Expected calibration error over 15 groups of equally many slices, sorted by probability."""
    order = np.argsort(probabilities)
    groups = np.array_split(order, 15)
    return sum(len(rows) * abs(truth[rows].mean() - probabilities[rows].mean()) for rows in groups) / len(truth)


def test_an_empty_home_leads_to_training(home, open_page: Open) -> None:
    app = open_page("calibration")
    assert not app.exception and "nothing to judge" in app.info[0].value
    assert [link.value for link in app.main.page_link] == ["Train a network"]


def test_errors_before_and_after_are_those_of_another_way(opened: Open, lab, trained) -> None:
    app = opened(label="label 2")
    assert not app.exception and not app.error
    assert len(app.get("plotly_chart")) == 2
    table = app.table[0].value.astype(float)
    assert list(table.index) == ["Validation, before", "Validation, after", "Test, before", "Test, after"]
    for split in ("validation", "test"):
        truth, scores = one_label(lab, trained.run_id, split, 1)
        row = table.loc[f"{split.capitalize()}, before"]
        assert row["Brier score"] == pytest.approx(brier_score_loss(truth, scores), abs=1e-4)
        assert row["ECE"] == pytest.approx(adaptive_error(truth, scores), abs=0.01)
        assert row["Uncertainty"] == pytest.approx(truth.mean() * (1 - truth.mean()), abs=1e-4)
        assert table.loc[f"{split.capitalize()}, after", "Brier score"] < row["Brier score"]


def test_kinds_are_compared_and_the_best_is_chosen(opened: Open) -> None:
    table = opened().table[1].value
    assert len(table) == 3
    for _, row in table.iterrows():
        losses = row[["As it is", "Temperature", "Platt", "Isotonic"]].astype(float)
        assert losses[row["Chosen"]] == losses.min() < losses["As it is"]


def test_storing_changes_probabilities_and_no_decision(opened: Open, open_page: Open, lab, trained, folder) -> None:
    before = load_predictor(folder).description
    app = opened()
    assert "Not calibrated" in texts(app) and button(app, "Remove").disabled
    drawn = app.table[0].value
    button(app, "Store with the model").click().run()
    assert not app.exception
    assert app.table[0].value.equals(drawn)  # before is still the model's own, and nothing is calibrated twice
    assert "**Calibrated**" in texts(app) and button(app, "Store with the model").disabled
    description = load_predictor(folder).description
    assert set(description.calibration) == set(description.labels)
    for position, name in enumerate(description.labels):
        one = description.calibration[name]
        assert one.kind in ("temperature", "platt")
        slope = one.parameters.get("slope") or 1 / one.parameters["temperature"]
        assert 1 / slope == pytest.approx(STEEPER, rel=0.4)
        limit = description.thresholds[name]
        if one.kind == "temperature":
            assert limit == pytest.approx(0.5)  # divided logits keep their sign
        _, scores = one_label(lab, trained.run_id, "test", position)
        odds = slope * np.log(scores / (1 - scores)) + one.parameters.get("intercept", 0.0)
        np.testing.assert_array_equal(1 / (1 + np.exp(-odds)) >= limit - 1e-12, scores >= before.thresholds[name])

    row = open_page("report", run=trained.run_id, split="test").table[0].value.loc["label 1"]
    truth, scores = one_label(lab, trained.run_id, "test", 0)
    assert row["Recall"] == f"{(scores[truth] >= 0.5).mean():.3f}"

    button(app, "Remove").click().run()
    assert not app.exception and "Not calibrated" in texts(app)
    removed = read_description(folder)
    assert removed.calibration == {} and removed.thresholds == pytest.approx(before.thresholds)


def test_thresholds_chosen_on_a_calibrated_model_refer_to_it(opened: Open, open_page: Open, trained, folder) -> None:
    button(opened(), "Store with the model").click().run()
    app = open_page("thresholds", run=trained.run_id, label="label 1", rule="max-f1")
    next(one for one in app.button if one.label == "Save this threshold").click().run()
    description = read_description(folder)
    choice = description.threshold_choices["label 1"]
    assert choice.calibrated == description.calibration["label 1"].date
    button(opened(), "Remove").click().run()
    stored = load_predictions(folder, "validation")
    called = stored.probabilities[:, 0] >= read_description(folder).thresholds["label 1"]
    reached = choice.operating_point
    assert called[stored.truth[:, 0] == 1].mean() == pytest.approx(reached.sensitivity)
    assert stored.truth[called, 0].mean() == pytest.approx(reached.precision)


def test_a_label_with_too_few_positives_is_refused_in_words(opened: Open, lab, trained, folder) -> None:
    overconfident(lab, trained.run_id, never="label 3")
    app = opened(label="label 3")
    assert not app.exception and not app.error
    assert "Not calibrated: label 3 has 0 positives; expected at least 50" in app.warning[0].value
    assert list(app.table[0].value.index) == ["Validation, before", "Test, before"]
    assert list(app.table[1].value.index) == ["label 1", "label 2"]
    button(app, "Store with the model").click().run()
    assert set(read_description(folder).calibration) == {"label 1", "label 2"}


def test_where_nothing_can_be_calibrated_nothing_can_be_stored(trained, open_page: Open) -> None:
    app = open_page("calibration", run=trained.run_id)
    assert not app.exception and not app.error
    assert "No label has enough slices to calibrate" in app.info[0].value
    assert button(app, "Store with the model").disabled and button(app, "Remove").disabled
    assert len(app.warning) == 3 and len(app.table) == 1


def test_a_run_without_test_slices_says_so(opened: Open, lab, trained) -> None:
    overconfident(lab, trained.run_id, splits=("validation",))
    app = opened()
    assert not app.exception and not app.error
    assert "no predictions for split 'test'" in app.info[0].value
    assert list(app.table[0].value.index) == ["Validation, before", "Validation, after"]
