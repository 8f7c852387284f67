"""`mri thresholds` and `mri calibrate`, as a user types them."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from operating_support import counted, one_label, overconfident
from sklearn.metrics import brier_score_loss, f1_score, precision_score

from mri_core.prediction.model_file import read_description
from mri_core.prediction.predictor import load_predictor
from mri_core.runs.store import RunStore

LABELS = ["label 1", "label 2", "label 3"]


@pytest.fixture
def document(typed):
    def run(*arguments: object):
        status, printed, said = typed(*arguments, "--json")
        assert status == 0 and said == "", said
        return json.loads(printed)

    return run


@pytest.fixture
def lab(trained, home) -> RunStore:
    """A copy of the trained home, with predictions made for it."""
    shutil.copytree(trained.settings.root, home.root, dirs_exist_ok=True)
    store = RunStore(home)
    overconfident(store, trained.run_id)
    return store


@pytest.fixture
def folder(lab, trained):
    return lab.get(trained.run_id).folder


def test_a_new_models_thresholds_are_shown_with_test_figures(lab, trained, document, typed):
    shown = document("thresholds", "last")
    assert shown["run"] == trained.run_id and shown["thresholds"] == dict.fromkeys(LABELS, 0.5)
    assert shown["choices"] == dict.fromkeys(LABELS) and shown["proposed"] == shown["refused"] == {}
    truth, scores = one_label(lab, trained.run_id, "test", 1)
    expected = counted(truth, scores, 0.5)
    assert shown["test"]["label 2"]["false_positives"] == expected["False positives"]
    assert shown["test"]["label 2"]["precision"] == pytest.approx(precision_score(truth, scores >= 0.5))
    status, printed, _ = typed("thresholds", "last")
    assert status == 0 and "Not chosen: a new model's 0.5" in printed and "on test slices" in printed


def test_a_rule_is_tried_and_then_saved(lab, trained, folder, document, typed):
    tried = document("thresholds", "last", "--rule", "max-f1", "--label", "label 2")
    assert list(tried["proposed"]) == ["label 2"] and not tried["saved"]
    assert read_description(folder).threshold_choices == {}
    truth, scores = one_label(lab, trained.run_id, "validation", 1)
    best = max(f1_score(truth, scores >= one) for one in scores)
    assert tried["proposed"]["label 2"]["operating_point"]["f1"] == pytest.approx(best)
    status, printed, said = typed("thresholds", "last", "--rule", "max-f1")
    assert status == 0 and "Best F1" in printed and "--save" in said and "on test slices" not in printed

    saved = document("thresholds", "last", "--rule", "sensitivity", "--parameter", "0.8", "--save")
    assert saved["saved"] and saved["choices"] == saved["proposed"]
    limits = load_predictor(folder).description.thresholds
    assert saved["thresholds"] == limits
    truth, scores = one_label(lab, trained.run_id, "test", 0)
    row = saved["test"]["label 1"]
    assert row["true_positives"] == counted(truth, scores, limits["label 1"])["True positives"]
    status, printed, _ = typed("thresholds", "last")
    assert status == 0 and printed.count("Sensitivity of at least 0.8") == 3
    by_hand = document("thresholds", "last", "--rule", "manual", "--parameter", "0.3", "--label", "label 3", "--save")
    assert by_hand["thresholds"] == {"label 3": 0.3} and read_description(folder).thresholds["label 3"] == 0.3


def test_a_label_out_of_reach_is_reported_and_the_others_are_saved(lab, trained, folder, typed):
    overconfident(lab, trained.run_id, never="label 3")
    status, printed, said = typed("thresholds", "last", "--rule", "youden", "--save", "--json")
    assert status == 1 and said.count("\n") == 1 and said.startswith("error: label 3 has no positives")
    assert list(json.loads(printed)["refused"]) == ["label 3"]
    assert list(read_description(folder).threshold_choices) == ["label 1", "label 2"]
    status, printed, said = typed("thresholds", "last", "--rule", "youden", "--label", "label 3", "--save")
    assert status == 1 and said.count("error: ") == 1


def test_without_test_slices_there_are_no_test_figures(lab, trained, document, typed):
    overconfident(lab, trained.run_id, splits=("validation",))
    assert document("thresholds", "last")["test"] is None
    assert document("calibrate", "last")["effects"]["test"] is None
    assert "no predictions for test slices" in typed("thresholds", "last")[1]
    assert typed("calibrate", "last")[0] == 0


def test_a_calibration_is_tried_stored_and_removed(lab, trained, folder, document, typed):
    before = read_description(folder)
    tried = document("calibrate", "last")
    assert list(tried["fitted"]) == LABELS and tried["calibration"] == tried["refused"] == {}
    assert read_description(folder) == before
    for split in ("validation", "test"):
        truth, scores = one_label(lab, trained.run_id, split, 0)
        effect = tried["effects"][split]["labels"]["label 1"]
        assert effect["before"]["brier"] == pytest.approx(brier_score_loss(truth, scores))
        assert effect["after"]["brier"] < effect["before"]["brier"]

    stored = document("calibrate", "last", "--save")
    description = load_predictor(folder).description
    assert set(stored["calibration"]) == set(description.calibration) == set(LABELS)
    assert stored["thresholds"] == description.thresholds
    status, printed, said = typed("calibrate", "last")
    assert status == 0 and said == "" and "\nCalibrated; thresholds: label 1 from" in printed
    assert "log loss on held-out validation slices" in printed and "ECE before" in printed

    removed = document("calibrate", "last", "--remove")
    assert removed["calibration"] == {} and removed["thresholds"] == pytest.approx(before.thresholds)
    assert read_description(folder).calibration == {}


def test_calibrating_changes_no_decision(lab, document):
    before = document("thresholds", "last")["test"]
    document("calibrate", "last", "--save")
    after = document("thresholds", "last")["test"]
    counts = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    for name in LABELS:
        assert np.array_equal(*([numbers[name][count] for count in counts] for numbers in (before, after)))


def test_too_few_positives_are_left_as_they_are(lab, trained, folder, typed):
    overconfident(lab, trained.run_id, never="label 3")
    status, printed, said = typed("calibrate", "last", "--save")
    assert status == 0 and said.startswith("left as it is: label 3 has 0 positives") and "as before" in printed
    assert set(read_description(folder).calibration) == {"label 1", "label 2"}


REFUSED = {
    "no rule": (("thresholds", "last", "--save"), "expected --rule NAME as well"),
    "no rule to tell": (("thresholds", "last", "--parameter", "0.5"), "expected --rule NAME as well"),
    "an unknown rule": (
        ("thresholds", "last", "--rule", "best"),
        "there is no threshold rule 'best'; there are max-f1",
    ),
    "an unknown label": (("thresholds", "last", "--label", "x"), "no label 'x'; it has label 1, label 2, label 3"),
    "nothing told": (("thresholds", "last", "--rule", "sensitivity"), "was given None as sensitivity; expected"),
    "too much told": (("thresholds", "last", "--rule", "precision", "--parameter", "2"), "was given 2.0 as precision"),
    "no number": (("thresholds", "last", "--rule", "manual", "--parameter", "nan"), "expected a number from 0 to 1"),
    "an unknown run": (("thresholds", "ffff"), "there is no run 'ffff'"),
    "both ways": (("calibrate", "last", "--save", "--remove"), "--save and --remove were given together"),
    "too few slices": (("calibrate", "last", "--save"), "no label can be calibrated: label 1 has"),
    "an unknown run to calibrate": (("calibrate", "ffff"), "there is no run 'ffff'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_done_is_said_in_one_line(trained, typed, case):
    arguments, expected = REFUSED[case]
    before = read_description(trained.settings.runs / trained.run_id)
    status, printed, said = typed(*arguments)
    assert status == 1 and printed == "" and said.startswith("error: ") and said.count("\n") == 1
    assert expected in said
    assert read_description(trained.settings.runs / trained.run_id) == before
