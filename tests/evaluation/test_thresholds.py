"""Every rule of THRESHOLD_RULES against trying all thresholds, against scikit-learn, and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve, roc_curve

from mri_core.errors import InvalidInput, NotFound
from mri_core.evaluation.calibration import Calibration
from mri_core.evaluation.confusion import ConfusionAt
from mri_core.evaluation.predictions import Predictions
from mri_core.evaluation.threshold_rules import THRESHOLD_RULES
from mri_core.evaluation.thresholds import (
    MANUAL,
    ChosenThreshold,
    OperatingPoint,
    best_threshold,
    choose_threshold,
    choose_thresholds,
)

TRUTH = np.array([0, 0, 1, 0, 1, 1])
SCORES = np.array([0.1, 0.2, 0.3, 0.5, 0.6, 0.8])
TEMPERATURE = Calibration("temperature", {"temperature": 2.0}, 0.7, 0.6, {}, 3, "validation", "2025-01-01T00:00:00")


def parameter_of(rule: str) -> float | None:
    expected = THRESHOLD_RULES[rule].parameter
    return expected.default if expected else None


def predictions(truth: Any = TRUTH, scores: Any = SCORES) -> Predictions:
    """The label "a" and another one."""
    both = np.stack([truth, 1 - np.asarray(truth)], axis=1), np.stack([scores, scores], axis=1)
    return Predictions(np.arange(len(truth)).astype(str), *both, ("a", "b"))


@pytest.mark.parametrize(
    ("rule", "parameter", "threshold"),
    [
        ("max-f1", None, 0.25),  # 2·3/(4 + 3) = 0.857; from 0.55 on 2·2/(2 + 3) = 0.8
        ("youden", None, 0.55),  # 2/3 + 1 - 1, as from 0.25 on 1 + 2/3 - 1: among equals the highest
        ("sensitivity", 1.0, 0.25),
        ("sensitivity", 0.6, 0.55),
        ("sensitivity", 0.01, 0.7),
        ("precision", 1.0, 0.55),
        ("precision", 0.7, 0.25),
        ("cost-ratio", 5.0, 0.25),
        ("cost-ratio", 0.1, 0.55),
    ],
)
def test_by_hand(rule, parameter, threshold):
    assert best_threshold(TRUTH, SCORES, "a", rule, parameter)[0] == pytest.approx(threshold)


def test_a_miss_that_costs_next_to_nothing_is_never_worth_an_alarm():
    value, at = best_threshold([0, 1, 0], [0.2, 0.5, 0.7], "a", "cost-ratio", 0.01)
    assert value == pytest.approx(0.85)
    assert at.true_positives == at.false_positives == 0


def test_of_thresholds_with_the_same_hits_the_precise_one_is_taken():
    value, at = best_threshold([1, 0, 1], [0.9, 0.4, 0.6], "a", "precision", 0.5)
    assert (value, float(at.precision)) == (pytest.approx(0.5), 1)


def objective(rule: str, at: Any, parameter: float | None) -> tuple[float, ...]:
    """What the rule wants most of first, written down again from its definition; None where it is not met."""
    sensitivity, specificity, precision = float(at.sensitivity), float(at.specificity), float(at.precision)
    if rule == "max-f1":
        return (2 * precision * sensitivity / (precision + sensitivity) if at.true_positives else 0,)
    if rule == "youden":
        return (round(sensitivity + specificity, 9),)
    if rule == "sensitivity":
        return (sensitivity >= parameter, specificity)
    if rule == "precision":
        return (precision >= parameter, sensitivity, specificity)
    return (-round(parameter * int(at.false_negatives) + int(at.false_positives), 9),)


@pytest.mark.parametrize("rule", THRESHOLD_RULES)
@settings(deadline=None)
@given(data=st.data())
def test_no_threshold_is_better(rule, data):
    slices = data.draw(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=30))
    truth, scores = (np.array(column) for column in zip(*slices, strict=True))
    truth[0], truth[-1] = True, False
    parameter = data.draw(st.sampled_from([0.2, 0.5, 0.8])) if THRESHOLD_RULES[rule].parameter else None
    confusion_at = ConfusionAt.of(truth, scores / 20)
    tried = [objective(rule, confusion_at(one), parameter) for one in np.linspace(0, 1, 81)]
    try:
        _, at = best_threshold(truth, scores / 20, "a", rule, parameter)
    except InvalidInput:
        assert rule == "precision" and not any(met for met, *_ in tried)
    else:
        assert objective(rule, at, parameter) == pytest.approx(max(tried))


@pytest.mark.parametrize("rule", THRESHOLD_RULES)
@settings(deadline=None)
@given(st.randoms())
def test_the_order_of_slices_does_not_matter(rule, random):
    rows = random.sample(range(6), 6)
    chosen = [best_threshold(TRUTH[some], SCORES[some], "a", rule, parameter_of(rule))[0] for some in (rows, range(6))]
    assert chosen[0] == chosen[1]


@pytest.mark.parametrize("rule", THRESHOLD_RULES)
def test_every_slice_twice_changes_nothing(rule):
    once = best_threshold(TRUTH, SCORES, "a", rule, parameter_of(rule))[0]
    assert best_threshold(np.tile(TRUTH, 2), np.tile(SCORES, 2), "a", rule, parameter_of(rule))[0] == once


def test_the_best_scores_are_those_of_scikit_learns_curves():
    rng = np.random.default_rng(3)
    truth = (rng.random(2000) < 0.2).astype(int)
    scores = np.clip(0.3 + 0.2 * truth + rng.normal(0, 0.15, 2000), 0, 1)
    precision, recall, _ = precision_recall_curve(truth, scores)
    false_rate, true_rate, _ = roc_curve(truth, scores)
    at = {rule: best_threshold(truth, scores, "a", rule, parameter_of(rule))[1] for rule in THRESHOLD_RULES}
    with np.errstate(invalid="ignore"):
        assert float(at["max-f1"].f1) == pytest.approx(np.nanmax(2 * precision * recall / (precision + recall)))
    youden = float(at["youden"].sensitivity + at["youden"].specificity - 1)
    assert youden == pytest.approx((true_rate - false_rate).max())
    assert float(at["precision"].sensitivity) == recall[precision >= 0.9].max()
    assert float(at["sensitivity"].precision) == pytest.approx(precision[recall >= 0.9][-1])


def test_with_calibrated_probabilities_cost_is_least_near_the_theory():
    rng = np.random.default_rng(4)
    scores = rng.random(200_000)
    value, _ = best_threshold(rng.random(200_000) < scores, scores, "a", "cost-ratio", 4.0)
    assert value == pytest.approx(1 / 5, abs=0.02)


def test_a_choice_says_where_it_comes_from():
    choice = choose_threshold(predictions(), "a", "sensitivity", 0.6)
    assert isinstance(choice, ChosenThreshold)
    assert (choice.label, choice.value, choice.rule, choice.parameter) == ("a", pytest.approx(0.55), "sensitivity", 0.6)
    assert (choice.split, choice.support, choice.calibrated) == ("validation", 3, None)
    assert choice.operating_point == OperatingPoint(2 / 3, 1, 1, 0.8)
    assert choice.date.endswith("+00:00")


def test_a_choice_for_a_calibrated_model_refers_to_calibrated_probabilities():
    plain = choose_threshold(predictions(), "a", "max-f1")
    choice = choose_threshold(predictions(), "a", "max-f1", calibration={"a": TEMPERATURE})
    assert choice.calibrated == TEMPERATURE.date
    assert choice.operating_point == plain.operating_point
    assert plain.value < choice.value < 0.5  # divided logits lie nearer to 0
    assert choose_threshold(predictions(), "b", "max-f1", calibration={"a": TEMPERATURE}).calibrated is None


def test_scores_that_do_not_exist_are_none():
    choice = choose_threshold(predictions([1, 1], [0.4, 0.6]), "a", "max-f1")
    assert choice.operating_point == OperatingPoint(1, None, 1, 1)
    assert choice.value == pytest.approx(0.2)


@pytest.mark.parametrize("rule", THRESHOLD_RULES)
def test_without_positives_there_is_no_threshold(rule):
    with pytest.raises(InvalidInput, match=f"a has no positives among 2 slices, so the rule {rule}"):
        choose_threshold(predictions([0, 0], [0.4, 0.6]), "a", rule, parameter_of(rule))


def test_what_cannot_be_met_is_said():
    with pytest.raises(InvalidInput, match="a has no negatives"):
        choose_threshold(predictions([1, 1], [0.4, 0.6]), "a", "youden")
    with pytest.raises(InvalidInput, match=r"gives a a precision of 0\.95: the best is 0\.500, at 0\.2"):
        choose_threshold(predictions([1, 0], [0.4, 0.6]), "a", "precision", 0.95)


@pytest.mark.parametrize(
    ("rule", "parameter", "message"),
    [
        ("sensitivity", None, "was given None as sensitivity; expected a number above 0 and at most 1"),
        ("sensitivity", 1.2, r"was given 1\.2"),
        ("precision", 0.0, r"was given 0\.0"),
        ("precision", float("nan"), "was given nan"),
        ("cost-ratio", -1.0, "cost of a miss in false alarms; expected a number above 0$"),
        ("cost-ratio", float("inf"), "was given inf"),
        ("max-f1", 0.5, "takes no parameter"),
    ],
)
def test_parameters_out_of_range_are_refused(rule, parameter, message):
    with pytest.raises(InvalidInput, match=message):
        choose_threshold(predictions(), "a", rule, parameter)


def test_unknown_names_and_other_splits_are_refused():
    with pytest.raises(NotFound, match="no threshold rule 'best'; there are max-f1"):
        choose_threshold(predictions(), "a", "best")
    with pytest.raises(NotFound, match="no label 'c'; there are a, b"):
        choose_threshold(predictions(), "c", "max-f1")
    with pytest.raises(InvalidInput, match="chosen on test; expected validation"):
        choose_threshold(predictions(), "a", "max-f1", split="test")
    with pytest.raises(InvalidInput, match="probabilities hold nan"):
        choose_threshold(predictions(scores=np.full(6, np.nan)), "a", "max-f1")


@pytest.mark.parametrize("value", [0.0, 0.3, 0.55, 1.0])
def test_a_threshold_set_by_hand_is_kept_as_it_is(value):
    choice = choose_threshold(predictions(), "a", MANUAL, value)
    called = value <= SCORES
    assert (choice.value, choice.rule, choice.parameter, choice.support) == (value, MANUAL, value, 3)
    assert choice.operating_point.sensitivity == pytest.approx(called[TRUTH == 1].mean())
    assert choice.operating_point.specificity == pytest.approx((~called)[TRUTH == 0].mean())
    assert choice.rule_in_words == "Set by hand"


def test_a_hand_needs_no_positives_but_a_number_from_0_to_1():
    nothing = choose_threshold(predictions([0, 0], [0.4, 0.6]), "a", MANUAL, 0.5)
    assert nothing.operating_point == OperatingPoint(None, 0.5, 0, None)
    for value in (-0.1, 1.1, float("nan"), None):
        with pytest.raises(InvalidInput, match=r"the threshold of a is .*; expected a number from 0 to 1"):
            choose_threshold(predictions(), "a", MANUAL, value)
    with pytest.raises(InvalidInput, match="chosen on test"):
        choose_threshold(predictions(), "a", MANUAL, 0.5, split="test")


def test_several_labels_at_once_and_those_that_cannot():
    chosen, refused = choose_thresholds(predictions([1, 1], [0.4, 0.6]), ["a", "b"], "max-f1")
    assert [choice.label for choice in chosen] == ["a"] and list(refused) == ["b"]
    assert "b has no positives" in refused["b"]
    for rule, parameter, error in (("best", None, NotFound), ("sensitivity", 2.0, InvalidInput)):
        with pytest.raises(error):  # wrong for every label: no label's own refusal
            choose_thresholds(predictions(), ["a", "b"], rule, parameter)


@pytest.mark.parametrize("rule", THRESHOLD_RULES)
def test_every_rule_says_what_it_was_told(rule):
    words = choose_threshold(predictions(), "a", rule, 0.5 if THRESHOLD_RULES[rule].parameter else None).rule_in_words
    assert words[0].isupper() and "{" not in words
    assert ("0.5" in words) == (THRESHOLD_RULES[rule].parameter is not None)
