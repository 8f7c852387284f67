"""The Thresholds page: what it counts is NumPy's own counting, what it saves is what everything else uses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from operating_support import counted, one_label, overconfident
from sklearn.metrics import f1_score, precision_score, recall_score
from streamlit.testing.v1 import AppTest

from mri_core.evaluation.predictions import Predictions, load_predictions, save_predictions
from mri_core.prediction.model_file import read_description
from mri_core.prediction.predictor import load_predictor
from mri_core.runs.store import RunStore

Open = Callable[..., AppTest]
LABELS = ("label 1", "label 2", "label 3")
COUNTS = ("True positives", "False negatives", "False positives", "True negatives")


@pytest.fixture
def opened(lab: RunStore, trained, open_page: Open) -> Open:
    """The page on the run, whose predictions were made for it."""
    overconfident(lab, trained.run_id)
    return lambda **address: open_page("thresholds", run=trained.run_id, **address)


@pytest.fixture
def folder(lab: RunStore, trained):
    return lab.get(trained.run_id).folder


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def button(app: AppTest, label: str):
    return next(button for button in app.button if button.label == label)


def shown(app: AppTest, column: str = "Candidate") -> dict[str, int]:
    return {name: int(app.table[0].value.loc[name, column].replace(",", "")) for name in COUNTS}


def test_an_empty_home_leads_to_training(home, open_page: Open) -> None:
    app = open_page("thresholds")
    assert not app.exception and "nothing to judge" in app.info[0].value
    assert [link.value for link in app.main.page_link] == ["Train a network"]


def test_the_best_f1_is_scikit_learns_over_all_thresholds(opened: Open, lab, trained) -> None:
    app = opened(label="label 2", rule="max-f1")
    assert not app.exception and not app.error
    truth, scores = one_label(lab, trained.run_id, "validation", 1)
    best = max(f1_score(truth, scores >= threshold) for threshold in scores)
    table = app.table[0].value
    assert table.loc["F1", "Candidate"] == f"{best:.3f}"
    assert table.loc["Threshold", "Present"] == "0.500"
    assert shown(app, "Present") == counted(truth, scores, 0.5)
    assert len(app.get("plotly_chart")) == 2
    assert not button(app, "Save this threshold").disabled and button(app, "Back to 0.5").disabled


@pytest.mark.parametrize("position", range(3))
def test_the_slider_moves_the_counts(opened: Open, lab, trained, position: int) -> None:
    app = opened(label=LABELS[position])
    truth, scores = one_label(lab, trained.run_id, "validation", position)
    for threshold in (0.137, 0.0, 1.0):
        app.slider[0].set_value(threshold).run()
        assert not app.exception
        assert shown(app) == counted(truth, scores, threshold)
    assert app.table[0].value.loc["Precision", "Candidate"] == "undefined (nothing predicted)"
    assert read_description(lab.get(trained.run_id).folder).threshold_choices == {}


def test_what_is_saved_by_a_rule_is_what_predict_and_the_report_use(
    opened: Open, open_page: Open, lab, trained, folder
) -> None:
    app = press(opened(label="label 1", rule="sensitivity", parameter="0.8"), "Save this threshold")
    assert not app.exception
    description = read_description(folder)
    choice = description.threshold_choices["label 1"]
    truth, scores = one_label(lab, trained.run_id, "validation", 0)
    assert recall_score(truth, scores >= choice.value) >= 0.8
    assert recall_score(truth, scores > scores[scores >= choice.value].min()) < 0.8  # no higher threshold does
    assert (choice.rule, choice.parameter, choice.split) == ("sensitivity", 0.8, "validation")
    assert load_predictor(folder).description.thresholds == description.thresholds
    assert description.thresholds["label 1"] == choice.value != 0.5

    saved = app.table[1].value
    assert list(saved.loc["label 1", ["Threshold", "Rule"]]) == [f"{choice.value:.3f}", "Sensitivity of at least 0.8"]
    assert saved.loc["label 1", "Chosen on"] == f"validation, {truth.sum()} positives"
    assert saved.loc["label 2", "Rule"] == "Not chosen: a new model's 0.5"
    assert button(app, "Save this threshold").disabled
    assert any("This is the model's threshold" in caption.value for caption in app.caption)

    truth, scores = one_label(lab, trained.run_id, "test", 0)
    report = open_page("report", run=trained.run_id, split="test")
    expected = f"{precision_score(truth, scores >= choice.value):.3f}"
    assert report.table[0].value.loc["label 1", "Precision"] == expected
    assert app.table[2].value.loc["label 1", "Precision"].startswith(f"{expected} (")


def test_a_threshold_set_by_hand_says_so_and_is_found_again(opened: Open, folder) -> None:
    app = opened(label="label 3")
    app.slider[0].set_value(0.321).run()
    assert any("Set by hand" in caption.value for caption in app.caption)
    press(app, "Save this threshold")
    choice = read_description(folder).threshold_choices["label 3"]
    assert (choice.rule, choice.value, choice.parameter) == ("manual", 0.321, 0.321)
    again = opened(label="label 3")
    assert again.selectbox(key="rule").value == "manual" and again.slider[0].value == 0.321
    assert button(again, "Save this threshold").disabled
    press(again, "Back to 0.5")
    description = read_description(folder)
    assert description.thresholds["label 3"] == 0.5 and description.threshold_choices == {}
    assert again.slider[0].value == 0.5


def test_test_slices_are_judged_at_saved_thresholds_whatever_the_slider_says(opened: Open, lab, trained) -> None:
    app = opened(label="label 1")
    app.slider[0].set_value(0.05).run()
    for position, name in enumerate(LABELS):
        truth, scores = one_label(lab, trained.run_id, "test", position)
        row = app.table[2].value.loc[name]
        assert row["Threshold"] == "0.500" and row["Positives"] == str(truth.sum())
        assert row["Sensitivity"].startswith(f"{recall_score(truth, scores >= 0.5):.3f} (")
        assert row["F1"].startswith(f"{f1_score(truth, scores >= 0.5):.3f} (")


def test_one_rule_for_all_labels(opened: Open, lab, trained, folder) -> None:
    app = press(opened(rule="youden"), "Use this rule for all labels")
    choices = read_description(folder).threshold_choices
    assert list(choices) == list(LABELS) and {choice.rule for choice in choices.values()} == {"youden"}
    for position, name in enumerate(LABELS):
        truth, scores = one_label(lab, trained.run_id, "validation", position)
        best = max(np.mean(scores[truth] >= one) - np.mean(scores[~truth] >= one) for one in scores)
        at = choices[name].value
        assert np.mean(scores[truth] >= at) - np.mean(scores[~truth] >= at) == pytest.approx(best)
        assert app.table[1].value.loc[name, "Threshold"] == f"{at:.3f}"


def test_a_rule_out_of_reach_is_refused_in_words_and_a_hand_still_works(opened: Open, folder) -> None:
    stored = load_predictions(folder, "validation")
    probabilities = stored.probabilities.copy()
    probabilities[stored.truth[:, 0] == 0, 0] = 1.0  # the surest are wrong
    save_predictions(folder, {"validation": Predictions(stored.ids, stored.truth, probabilities, stored.label_names)})
    app = opened(label="label 1", rule="precision")
    app.number_input[0].set_value(0.99).run()
    assert not app.exception
    assert "no threshold gives label 1 a precision of 0" in app.warning[0].value
    press(app, "Save this threshold")
    assert read_description(folder).threshold_choices["label 1"].rule == "manual"


def test_a_label_that_nothing_carries_is_refused_in_words_and_the_others_are_saved(
    opened: Open, lab, trained, folder
) -> None:
    overconfident(lab, trained.run_id, never="label 3")
    app = opened(label="label 3", rule="max-f1")
    assert not app.exception
    assert "label 3 has no positives among 300 slices" in app.warning[0].value
    assert app.table[0].value.loc["Sensitivity", "Present"] == "undefined (no positives)"
    assert any("A curve is undefined" in caption.value for caption in app.caption)
    assert app.table[2].value.loc["label 3", "Sensitivity"] == "undefined (no positives)"
    press(app, "Use this rule for all labels")
    assert list(read_description(folder).threshold_choices) == ["label 1", "label 2"]
    assert app.warning[0].value.startswith("Not saved: label 3 has no positives")


def test_nonsense_in_the_address_is_passed_over(opened: Open) -> None:
    app = opened(label="none", rule="sensitivity", parameter="nan")
    assert not app.exception and not app.error
    assert app.number_input[0].value == 0.9
    assert app.query_params["label"] == "label 1"
    for parameter in ("text", "-1", "0", "2", "inf"):
        assert opened(rule="sensitivity", parameter=parameter).number_input[0].value == 0.9
    assert opened(rule="magic").selectbox(key="rule").value == "max-f1"


def test_a_run_without_test_slices_says_so(opened: Open, lab, trained) -> None:
    overconfident(lab, trained.run_id, splits=("validation",))
    app = opened()
    assert not app.exception and not app.error
    assert "no predictions for split 'test'" in app.info[0].value
    assert len(app.table) == 2
