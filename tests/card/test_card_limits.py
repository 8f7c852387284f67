"""Limits are facts of the run: each is said when it holds, and not when it does not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mri_core.card.card import Card
from mri_core.card.limits import FEW, USE, limits
from mri_core.evaluation.calibration import fit_calibration
from mri_core.evaluation.thresholds import choose_threshold
from mri_core.prediction.model_file import save_calibration, save_thresholds
from mri_core.training.presets import make_spec


def said(card) -> str:
    return "\n".join(f"{about}: {limit}" for about, limit in limits(card))


def with_header(card: Card, **changes: Any) -> Card:
    return replace(card, data=replace(card.data, header=card.data.header.model_copy(update=changes)))


def with_run(card: Card, **changes: Any) -> Card:
    return replace(card, run=replace(card.run, **changes))


HOLDS: dict[str, tuple[Callable[[Card], Card], str]] = {
    "simulated": (lambda card: with_header(card, simulated=True), "No score here was measured on a patient"),
    "left out": (lambda card: with_header(card, provenance={"skipped": 3}), "3 files of the source are left out"),
    "one left out": (lambda card: with_header(card, provenance={"skipped": 1}), "1 file of the source is left out"),
    "slices left out": (lambda card: with_header(card, provenance={"left_out": 2}), "2 slices of the source are left"),
    "patients unknown": (lambda card: with_header(card, patients=None), "The patient of some slices is unknown"),
    "shared patients": (
        lambda card: replace(card, data=replace(card.data, shared_patients=2)),
        "2 patients have slices in more than one split",
    ),
    "sides": (lambda card: with_run(card, label_names=("left core", "x")), "what it says of left core, which name"),
    "stopped": (lambda card: with_run(card, status="stopped"), "It was stopped after 3 epochs of at most 20"),
    "a part left out": (
        lambda card: with_run(card, spec=make_spec("cnn", {"left_out": 2})),
        "It left out part 2 of 5 of the training patients",
    ),
    "still learning": (lambda card: with_run(card, best_epoch=3), "The last epoch was the best"),
    "class weights": (
        lambda card: with_run(card, spec=make_spec("cnn", {"class_weights": "balanced"})),
        "Class weights made them too high by design",
    ),
    "a warning": (
        lambda card: with_run(card, error="the exported model's\nprobabilities differ"),
        "the exported model's probabilities differ",
    ),
    "no data set": (lambda card: replace(card, data=None), "is not here any more"),
}


@pytest.mark.parametrize("case", HOLDS)
def test_what_holds_is_said(card, case) -> None:
    change, expected = HOLDS[case]
    assert expected in said(change(card)) and expected not in said(card)


def test_unknown_patients_make_intervals_doubtful(card, make) -> None:
    assert "too narrow where patients have several" in said(make(patients=False))
    assert "Intervals: " not in said(card)


def test_without_a_test_split_scores_flatter(card, make) -> None:
    expected = "No test slices were predicted"
    assert expected in said(make(splits=("train", "validation"))) and expected not in said(card)


def test_mirrored_slices_matter_only_where_there_were_any(card) -> None:
    assert "it cannot tell the sides apart" in said(card)
    assert "mirrored" not in said(with_run(card, spec=make_spec("cnn", {"flips": "vertical"})))
    averaged = make_spec("cnn", {"flips": "none", "test_time_flips": True})
    assert "mirrored" in said(with_run(card, spec=averaged))


def test_supports_are_counted_on_the_split_that_the_card_is_about(card) -> None:
    evaluation = card.reports["test"].evaluation
    assert evaluation.counts.slices == 200 and evaluation.counts.support[1] < FEW
    assert "rare: There is no test slice with it, so it cannot be judged." in said(card)
    assert f"core: Its scores rest on {evaluation.counts.support[1]} test slices with it, which is few." in said(card)
    assert "whole: " not in said(card)


def test_few_patients_make_intervals_doubtful(make) -> None:
    splits = (*["train"] * 6, "validation", "test")
    assert "Intervals: They rest on 20 patients" in said(make(splits=splits))


def test_what_was_chosen_is_not_a_limit_any_more(card, remake, folder) -> None:
    assert "Not chosen: whole, core, rare" in said(card) and "Not calibrated: whole, core, rare" in said(card)
    stored = card.judged["validation"].stored
    fitted = {"whole": fit_calibration(stored.truth[:, 0], stored.probabilities[:, 0], "whole")}
    save_calibration(folder, fitted)
    save_thresholds(folder, [choose_threshold(stored, "core", "max-f1", calibration=fitted)])
    after = said(remake())
    assert "Not chosen: whole, rare" in after and "Not calibrated: core, rare" in after


def test_patients_are_counted_by_split(card, make) -> None:
    assert card.data.patients == {"train": 80, "validation": 40, "test": 40} and card.data.shared_patients == 0
    assert set(make(patients=False).data.patients.values()) == {None}


def test_the_use_is_said_once(card) -> None:
    assert "clinical" in USE and "clinical" not in said(card)
