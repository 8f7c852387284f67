"""Predictions as figures and in words."""

from __future__ import annotations

import numpy as np
import pytest

from mri_core.charts.prediction import POINTS, probability_bars, run_bars, volume_profile
from mri_core.charts.prediction_tables import (
    agreement,
    conclusion,
    doubted_slices,
    doubts,
    nothing_reached,
    patient_rule,
    patient_table,
    runs_table,
)
from mri_core.prediction.predictor import Prediction
from mri_core.prediction.volume import answer_volume

COLOURS = {"a<b": "#000001", "c": "#000002", "d": "#000003"}


def said(warnings: tuple[str, ...] = (), position: float | None = None, **probabilities: float) -> Prediction:
    """Thresholds are 0.5. The label "a<b" is called a here."""
    named = {"a<b" if label == "a" else label: value for label, value in probabilities.items()}
    on = tuple(label for label, value in named.items() if value >= 0.5)
    return Prediction("x", position, np.zeros((2, 2), np.uint8), named, dict.fromkeys(named, 0.5), on, warnings)


def test_a_bar_for_each_run_that_knows_the_label() -> None:
    figure = run_bars({"cnn <1>": said(a=0.9, c=0.1), "a run with a rather long name": said(c=0.6, d=0.2)}, COLOURS)
    bars, marks, values = figure.data
    assert [list(level) for level in bars.y] == [
        ["a&lt;b", "c", "c", "d"],
        ["cnn &lt;1&gt;", "cnn &lt;1&gt;", "a run with a rath…", "a run with a rath…"],
    ]
    assert list(bars.x) == [0.9, 0.1, 0.6, 0.2] and list(marks.x) == [0.5] * 4
    assert list(values.text) == ["0.900 on", "0.100 off", "0.600 on", "0.200 off"]
    assert list(bars.marker.color) == ["#000001", "#000002", "#000002", "#000003"]
    assert figure.layout.height > probability_bars(said(a=0.9), COLOURS).layout.height


@pytest.mark.parametrize("spacing", [None, 3.5])
def test_the_profile_is_over_millimetres_where_they_are_known(spacing: float | None) -> None:
    values = [0.1, 0.8, 0.4]
    predictions = [said(a=value, position=spacing and spacing * i - 1) for i, value in enumerate(values)]
    figure = volume_profile(predictions, COLOURS, chosen=2)
    places = [1, 2, 3] if spacing is None else [-1, 2.5, 6]
    line, peak = figure.data
    assert list(line.x) == places and list(line.y) == values and list(line.customdata) == [1, 2, 3]
    assert list(peak.x) == [places[1]] and list(peak.y) == [0.8]
    assert figure.layout.xaxis.title.text == ("slice" if spacing is None else "place of the slice (mm)")
    assert figure.layout.shapes[0].x0 == places[2] and figure.layout.annotations[0].text == "slice 3"


def test_the_peak_of_a_long_volume_is_marked_although_its_line_is_thinned() -> None:
    predictions = [said(a=float(i == 4321)) for i in range(5000)]
    line, peak = volume_profile(predictions, COLOURS, chosen=0).data
    assert len(line.x) <= POINTS and list(peak.x) == [4322] and list(peak.y) == [1]


def test_nothing_above_threshold_says_how_far_below() -> None:
    nothing = said(a=0.2, c=0.41)
    assert conclusion(nothing) == "no finding" and conclusion(said(a=0.7, c=0.5)) == "a<b, c"
    assert nothing_reached(nothing) == (
        "No label reaches its threshold. The nearest is c: its probability of 0.410 is 0.090 below the threshold of "
        "0.500."
    )
    assert nothing_reached(said(a=0.7)) == ""


def test_doubts_name_the_runs_that_have_them() -> None:
    both, one = "It is blank.", "It is unlike the training slices."
    answers = {"x": said((both, one), a=0.1), "y": said((both,), a=0.1)}
    assert doubts(answers) == [both, f"x: {one}"]
    assert doubts({"x": answers["x"]}) == [both, one] and doubts({"x": said(a=0.1)}) == []
    assert doubted_slices([said(a=0.1), said((one,), a=0.1)]).startswith("There are doubts about 1 of 2 slices")
    assert doubted_slices([said(a=0.1), *[said((one,), a=0.1)] * 30]).endswith(
        "each slice: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, …."
    )
    assert "all 30 slices" in doubted_slices([said((one,), a=0.1)] * 30) and doubted_slices([said(a=0.1)]) == ""


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (
            {"x": said(a=0.9, c=0.2), "y": said(a=0.6, c=0.1)},
            "All 2 runs conclude the same. Their probabilities differ most on a<b, by 0.300.",
        ),
        (
            {"x": said(a=0.9), "y": said(a=0.9, c=0.7)},
            "All 2 runs conclude the same of the labels they share. Their probabilities differ most on a<b, by 0.000.",
        ),
        (
            {"x": said(a=0.9, c=0.2), "y": said(a=0.4, c=0.1), "z": said(a=0.7, c=0.8)},
            "The runs disagree on a<b (x and z conclude it, y does not) and on c (z concludes it, x and y do not).",
        ),
        ({"x": said(a=0.9), "y": said(c=0.9)}, "The runs have no label in common, so there is nothing to compare."),
    ],
)
def test_agreement_in_a_sentence(answers: dict[str, Prediction], told: str) -> None:
    assert agreement(answers) == told


def test_runs_beside_each_other() -> None:
    table = runs_table({"x": said(a=0.9, c=0.2), "y": said(c=0.5)})
    assert table.to_dict("list") == {
        "label": ["a<b", "c"],
        "x": ["0.900 ≥ 0.500 on", "0.200 < 0.500 off"],
        "y": ["no such label", "0.500 ≥ 0.500 on"],
    }


def test_a_patient_in_words() -> None:
    answer = answer_volume([said(a=value) for value in (0.1, 0.9, 0.5, 0.4)])
    assert patient_table(answer).to_dict("records") == [
        {
            "label": "a<b",
            "patient": "0.600 ≥ 0.500 on",
            "highest slice": "0.900 in slice 2",
            "slices at or above": "2 of 4",
        }
    ]
    assert "the 3 slices of 4 in which it is most probable" in patient_rule(answer)
    assert "all 2 slices" in patient_rule(answer_volume([said(a=0.1)] * 2))
