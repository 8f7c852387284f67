"""Differences as a forest plot, and settings against scores."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest
from ended_runs import described, judged_runs

from mri_core.charts import comparison as charts
from mri_core.charts.comparison_tables import compared_scores
from mri_core.charts.theme import PALETTE
from mri_core.evaluation.comparison import Comparison
from mri_core.prediction.run_comparison import compare_runs
from mri_core.runs.comparison import run_table


@pytest.fixture(scope="module")
def comparisons() -> tuple[Comparison, ...]:
    runs = [described(1), replace(described(2, batch_size=32), name="<i>two"), described(3, batch_size=16)]
    return compare_runs(judged_runs(runs, (0, 0.4, -0.7))).comparisons


def table() -> pd.DataFrame:
    runs = [
        replace(
            described(number, preset, **spec),
            summary={"best": {"epoch": 1, "val_loss": 0.5, "val_micro_f1": score, "val_macro_f1": None}},
        )
        for number, (preset, score, spec) in enumerate(
            [
                ("cnn", 0.8, {}),
                ("cnn", 0.7, {"learning_rate": 0.1, "flips": "none"}),
                ("dense", 0.6, {"batch_size": 32, "test_time_flips": True}),
                ("dense", None, {"batch_size": 128}),
            ]
        )
    ]
    return run_table(runs)


def test_a_forest_has_a_row_a_score_and_a_colour_a_run(comparisons: tuple[Comparison, ...]) -> None:
    figure = charts.difference_figure(comparisons)
    better, worse = figure.data
    assert (better.name, worse.name) == ("&lt;i&gt;two", "cnn 3") and better.showlegend
    assert (better.marker.color, worse.marker.color) == PALETTE[:2]
    titles = list(figure.layout.yaxis.ticktext)
    assert titles[:2] == ["Micro-F1", "Macro-F1"] and "F1 of &lt;b&gt;two&lt;/b&gt;" in titles
    assert not any("loss" in title or "Brier" in title for title in titles)
    found = comparisons[0].differences["averages", "micro", "f1"]
    assert better.x[0] == found.value
    assert better.x[0] + better.error_x.array[0] == pytest.approx(found.high)
    assert better.x[0] - better.error_x.arrayminus[0] == pytest.approx(found.low)
    assert better.marker.symbol[0] == worse.marker.symbol[0] == "diamond"
    assert better.x[titles.index("F1 of never")] is None
    assert better.marker.symbol[titles.index("F1 of never")] == "diamond-open"
    assert figure.layout.shapes[0].x0 == 0 and figure.layout.annotations[0].text == "no difference"


def test_rows_of_several_runs_do_not_touch(comparisons: tuple[Comparison, ...]) -> None:
    many = [comparisons[0], comparisons[1], comparisons[0], comparisons[1]]
    rows = [trace.y for trace in charts.difference_figure(many).data]
    places = sorted(place for row in rows for place in row)
    assert len(set(places)) == len(places) == 4 * len(rows[0])
    assert all(round(place) == number for row in rows for number, place in enumerate(row))
    assert [list(trace.y) for trace in charts.difference_figure(comparisons[:1]).data] == [list(range(len(rows[0])))]


def test_one_run_needs_no_legend(comparisons: tuple[Comparison, ...]) -> None:
    figure = charts.difference_figure(comparisons[:1])
    assert not figure.data[0].showlegend
    assert figure.layout.title.text.startswith("Differences from cnn 1")
    assert len(figure.data[0].y) < len(compared_scores(comparisons[0]))


def test_a_setting_against_a_score_has_a_point_a_run_with_that_score() -> None:
    runs = table()
    chosen = [runs.index[1]]
    figure = charts.setting_scatter(runs, "learning_rate", "val_micro_f1", chosen)
    cnn, dense = figure.data
    assert (cnn.name, dense.name) == ("CNN", "Dense")
    assert list(cnn.x) == [0.001, 0.1] and list(cnn.y) == [0.8, 0.7] and list(dense.y) == [0.6]
    assert list(cnn.marker.symbol) == ["circle", "diamond"]
    assert figure.layout.xaxis.type == "log"
    assert charts.setting_scatter(runs, "batch_size", "val_micro_f1", []).layout.xaxis.type == "linear"
    assert not charts.setting_scatter(runs, "batch_size", "val_macro_f1", []).data


@pytest.mark.parametrize(("setting", "values"), [("flips", ["horizontal", "none"]), ("test_time_flips", ["no", "no"])])
def test_settings_that_are_no_numbers_are_named(setting: str, values: list[str]) -> None:
    figure = charts.setting_scatter(table(), setting, "val_micro_f1", [])
    assert figure.layout.xaxis.type == "category"
    assert list(figure.data[0].x) == values


def test_parallel_axes_run_through_the_settings_to_the_score() -> None:
    settings = ["architecture", "batch_size", "learning_rate", "flips", "test_time_flips"]
    figure = charts.parallel_settings(table(), settings, "val_micro_f1")
    lines = figure.data[0]
    axes = {axis.label: axis for axis in lines.dimensions}
    assert list(axes) == [
        "Architecture",
        "Batch size",
        "Learning rate",
        "Flips",
        "Average with the mirrored slice",
        "Micro-F1",
    ]
    assert list(axes["Micro-F1"]["values"]) == list(lines.line.color) == [0.8, 0.7, 0.6]
    assert list(axes["Learning rate"]["values"]) == pytest.approx([-3, -1, -2])
    assert list(axes["Learning rate"].ticktext) == ["0.001", "0.01", "0.1"]
    assert list(axes["Batch size"]["values"]) == [64, 64, 32]
    named = dict(zip(axes["Architecture"].tickvals, axes["Architecture"].ticktext, strict=True))
    assert [named[value] for value in axes["Architecture"]["values"]] == ["CNN", "CNN", "Dense"]
    named = dict(zip(axes["Average with the mirrored slice"].tickvals, ("no", "yes"), strict=True))
    assert [named[value] for value in axes["Average with the mirrored slice"]["values"]] == ["no", "no", "yes"]


def test_parallel_axes_are_not_more_than_can_be_read() -> None:
    runs = pd.concat([table().iloc[:1]] * 2)
    settings = [
        "epochs",
        "patience",
        "batch_size",
        "learning_rate",
        "warmup",
        "weight_decay",
        "shift",
        "intensity",
        "seed",
    ]
    for setting in settings:
        runs[setting] = [1, 2]
    axes = charts.parallel_settings(runs, settings, "val_micro_f1").data[0].dimensions
    assert [axis.label for axis in axes] == [*(charts.SETTINGS[name] for name in settings[:-1]), "Micro-F1"]


def test_a_setting_that_no_longer_varies_has_no_axis() -> None:
    settings = ["architecture", "batch_size"]
    only_cnn = charts.parallel_settings(table().iloc[[0, 1, 3]], settings, "val_micro_f1")
    assert [axis.label for axis in only_cnn.data[0].dimensions] == ["Micro-F1"]
    none = charts.parallel_settings(table(), settings, "val_macro_f1")
    assert [axis.label for axis in none.data[0].dimensions] == ["Macro-F1"]


@pytest.mark.parametrize(
    ("setting", "values", "ticks"),
    [
        ("learning_rate", [0.0015 * number for number in range(1, 101)], ["0.001", "0.01", "0.1", "1.0"]),
        ("learning_rate", [0.001, 0.03], ["0.001", "0.03"]),
        ("batch_size", list(range(64, 164)), None),
        ("batch_size", [32, 64, 80], ["32", "64", "80"]),
    ],
)
def test_an_axis_names_its_few_values_or_decades(setting: str, values: list, ticks: list[str] | None) -> None:
    runs = pd.concat([table().iloc[:1]] * len(values))
    runs[setting] = values
    axis = charts.parallel_settings(runs, [setting], "val_micro_f1").data[0].dimensions[0]
    assert (list(axis.ticktext) if axis.ticktext else None) == ticks
    if ticks:
        assert axis.range[0] <= min(axis["values"]) and max(axis["values"]) <= axis.range[1]
        expected = [math.log10(float(tick)) if setting == "learning_rate" else float(tick) for tick in ticks]
        assert list(axis.tickvals) == pytest.approx(expected)
