"""The map holds a point a slice, in the group it belongs to."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import pytest

from mri_core.charts.map import COLOURINGS, MOST_SETS, colourings, map_figure
from mri_core.charts.theme import NO_FINDING, label_colours
from mri_core.prediction.outcomes import NOT_JUDGED, RIGHT, WRONG

NAMES = ("lesion", "<b>core</b>")
SETS = [("lesion",), (), ("lesion", "<b>core</b>"), None, ("lesion",), ("<b>core</b>",)]


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": range(6),
            "id": [f"s{i}" for i in range(6)],
            "patient": pd.Series(["p0", "p0", "p1", None, "p1", "p2"], dtype=object),
            "split": pd.Series(["train", "validation", "test", "train", None, "test"], dtype=object),
            "position": [1.0, 2.0, float("nan"), 4.0, 5.0, 6.0],
            "labels": SETS,
            "x": [0.5 * i for i in range(6)],
            "y": [float(i * i) for i in range(6)],
            "patient_slices": [2, 2, 2, None, 2, 1],
            "outcome": [NOT_JUDGED, RIGHT, WRONG, NOT_JUDGED, NOT_JUDGED, WRONG],
            "loss": [float("nan"), 0.1, 2.5, float("nan"), float("nan"), 1.25],
        }
    )


def groups(figure: go.Figure) -> dict[str, list[str]]:
    """Name in the legend -> ids of its points."""
    return {trace.name: [one for [one] in trace.customdata] for trace in figure.data}


@pytest.mark.parametrize("colouring", COLOURINGS)
def test_every_slice_is_a_point_with_its_id_and_facts(table: pd.DataFrame, colouring) -> None:
    figure = map_figure(table, NAMES, colouring, "lesion")
    points = {
        one: (x, y, said)
        for trace in figure.data
        for [one], x, y, said in zip(trace.customdata, trace.x, trace.y, trace.hovertext, strict=True)
    }
    assert sum(len(trace.x) for trace in figure.data) == len(points) == 6
    for line in table.to_dict("records"):
        x, y, said = points[line["id"]]
        assert (x, y) == (line["x"], line["y"]) and said.startswith(line["id"])
    assert "p1<br>lesion + &lt;b&gt;core&lt;/b&gt;<br>test<br>wrong on a label, loss 2.500" in points["s2"][2]
    assert "patient unknown<br>labels unknown<br>train<br>not judged" in points["s3"][2]
    assert all(type(trace) is go.Scattergl for trace in figure.data)
    assert "no unit" in figure.layout.xaxis.title.text and "no unit" in figure.layout.yaxis.title.text


def test_label_sets_are_told_apart_by_colour_and_symbol(table: pd.DataFrame) -> None:
    figure = map_figure(table, NAMES, "label sets", "lesion")
    assert groups(figure) == {
        "labels unknown (1)": ["s3"],
        "no finding (1)": ["s1"],
        "lesion (2)": ["s0", "s4"],
        "lesion + &lt;b&gt;core&lt;/b&gt; (1)": ["s2"],
        "&lt;b&gt;core&lt;/b&gt; (1)": ["s5"],
    }
    looks = {trace.name: (trace.marker.color, trace.marker.symbol) for trace in figure.data}
    assert len(set(looks.values())) == len(looks)
    colours = label_colours(NAMES)
    assert looks["lesion (2)"][0] == colours["lesion"] and looks["no finding (1)"][0] == NO_FINDING
    # The rarer label gives a set its colour.
    assert looks["lesion + &lt;b&gt;core&lt;/b&gt; (1)"][0] == colours["<b>core</b>"]


def test_rare_label_sets_are_one_group() -> None:
    names = [f"l{i}" for i in range(12)]
    sets = [(name,) for i, name in enumerate(names) for _ in range(20 - i)]
    table = pd.DataFrame({"labels": sets}).assign(x=0.0, y=0.0, id="s", patient="p", split="test")
    found = groups(map_figure(table, names, "label sets", "l0"))
    assert len(found) == MOST_SETS + 1
    assert len(found["other label sets (42)"]) == sum(20 - i for i in range(MOST_SETS, 12)) == 42


def test_one_label_against_its_absence(table: pd.DataFrame) -> None:
    figure = map_figure(table, NAMES, "one label", "<b>core</b>")
    assert groups(figure) == {
        "labels unknown (1)": ["s3"],
        "without &lt;b&gt;core&lt;/b&gt; (3)": ["s0", "s1", "s4"],
        "with &lt;b&gt;core&lt;/b&gt; (2)": ["s2", "s5"],
    }
    assert "&lt;b&gt;core&lt;/b&gt;" in figure.layout.title.text


def test_splits_and_errors(table: pd.DataFrame) -> None:
    assert groups(map_figure(table, NAMES, "split", "lesion")) == {
        "no split (1)": ["s4"], "train (2)": ["s0", "s3"], "validation (1)": ["s1"], "test (2)": ["s2", "s5"],
    }  # fmt: skip
    assert groups(map_figure(table, NAMES, "errors of a run", "lesion")) == {
        "not judged (3)": ["s0", "s3", "s4"], f"{RIGHT} (1)": ["s1"], f"{WRONG} (2)": ["s2", "s5"],
    }  # fmt: skip


def test_numbers_are_a_scale_and_what_is_unknown_is_grey(table: pd.DataFrame) -> None:
    unknown, known = map_figure(table, NAMES, "position", "lesion").data
    assert list(known.marker.color) == [1, 2, 4, 5, 6] and known.marker.colorbar.title.text.startswith("position (mm")
    assert unknown.marker.color == NO_FINDING and [one for [one] in unknown.customdata] == ["s2"]
    known = map_figure(table, NAMES, "slices of the patient", "lesion").data[-1]
    assert list(known.marker.color) == [2, 2, 2, 2, 1]


def test_what_is_not_known_is_not_offered(table: pd.DataFrame) -> None:
    assert colourings(table) == list(COLOURINGS)
    bare = table.assign(position=float("nan"), patient_slices=None, split=None)
    assert colourings(bare) == ["label sets", "one label", "errors of a run"]
