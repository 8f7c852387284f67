"""The figure of a slice in doubt."""

from __future__ import annotations

from mri_core.charts.label_errors import given_and_said
from mri_core.charts.theme import label_colours
from mri_core.prediction.run_label_errors import Suspect

PROBABILITIES = {"label 1": 0.98, "<b>two</b>": 0.031, "three": 0.4}
SUSPECT = Suspect(3, "s3", "p1", "train", ("label 1", "<b>two</b>"), {"<b>two</b>": 0.02}, PROBABILITIES)


def test_bars_are_probabilities_and_marks_what_is_given() -> None:
    figure = given_and_said(SUSPECT, label_colours(list(PROBABILITIES)))
    bars, marks = figure.data
    assert list(bars.x) == list(PROBABILITIES.values()) and list(marks.x) == [1, 1, 0]
    assert list(bars.y) == ["label 1", "&lt;b&gt;two&lt;/b&gt;", "three"]
    texts = {note.y: note.text for note in figure.layout.annotations}
    assert texts == {"label 1": "0.980", "&lt;b&gt;two&lt;/b&gt;": "0.031, in doubt", "three": "0.400"}
    assert figure.layout.title.text and figure.layout.xaxis.title.text == "probability"
    assert all(trace.hovertemplate for trace in (bars, marks))
