from __future__ import annotations

import pytest

from mri_core.charts.labels import MOST_SETS, co_occurrence_chart, label_sets_chart, prevalence_chart
from mri_core.charts.theme import NO_FINDING, label_colours

NAMES = ["a", "<b>", "no finding"]


def split(slices: int, none: int, *positives: int) -> dict:
    return {"slices": slices, "no_finding": none, "positives": dict(zip(NAMES, positives, strict=True))}


@pytest.fixture
def statistics() -> dict:
    return {
        "labels": NAMES,
        "slices": 40,
        "splits": {"train": split(20, 10, 5, 4, 2), "validation": split(0, 0, 0, 0, 0), "test": split(20, 5, 10, 0, 5)},
        "co_occurrence": {"a": {"a": 8, "<b>": 2, "no finding": 0}, "<b>": {"a": 2, "<b>": 4, "no finding": 4},
                          "no finding": {"a": 0, "<b>": 0, "no finding": 0}},
        "label_sets": [{"labels": [], "slices": 30}, {"labels": ["a", "<b>"], "slices": 10}],
    }  # fmt: skip


def test_prevalence_has_a_bar_for_each_label_and_split_in_the_labels_colour(statistics):
    figure = prevalence_chart(statistics)
    assert [bar.name for bar in figure.data] == ["train", "test"]  # an empty split has no share
    assert list(figure.data[0].y) == [25, 20, 10, 50]
    assert list(figure.data[1].y) == [50, 0, 25, 25]
    assert list(figure.data[0].marker.color) == [*label_colours(NAMES).values(), NO_FINDING]
    assert figure.data[0].marker.pattern.shape != figure.data[1].marker.pattern.shape
    assert list(figure.layout.xaxis.ticktext) == ["a", "&lt;b>", "no finding", "no finding"]
    assert figure.layout.yaxis.title.text == "share of slices (%)"


def test_co_occurrence_is_the_share_of_the_rows_label(statistics):
    heat = co_occurrence_chart(statistics).data[0]
    assert [list(row) for row in heat.z] == [[100, 25, 0], [50, 100, 100], [None, None, None]]
    assert [list(row) for row in heat.text] == [["8", "2", "0"], ["2", "4", "4"], ["0", "0", "0"]]


def test_label_sets_are_named_and_counted(statistics):
    bar = label_sets_chart(statistics).data[0]
    assert list(bar.x) == [30, 10]
    assert list(bar.text) == ["30 (75.0 %)", "10 (25.0 %)"]
    assert list(bar.hovertext) == ["no finding", "a + &lt;b>"]
    assert bar.marker.color[0] == NO_FINDING != bar.marker.color[1]


def test_only_the_most_frequent_label_sets_are_drawn(statistics):
    many = statistics | {"label_sets": [{"labels": ["a"], "slices": n} for n in range(99, 0, -1)]}
    assert list(label_sets_chart(many).data[0].x) == list(range(99, 99 - MOST_SETS, -1))
