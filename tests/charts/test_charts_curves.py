"""The learning curves: which numbers are drawn, how, and that long runs stay drawable."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mri_core.charts import curves
from mri_core.charts.theme import PALETTE, TRAIN_DASH, VALIDATION_DASH
from mri_core.runs.run import Run
from mri_core.training.presets import PRESETS

LABELS = ("label 1", "<b>2</b>")


def history(epochs: int) -> list[dict]:
    return [
        {
            "epoch": epoch,
            **dict.fromkeys(curves.MEASURES, epoch / epochs),
            **{f"val_{name}": 0.5 * epoch / epochs for name in curves.MEASURES},
            "f1": {"label 1": 0.1 * epoch, "<b>2</b>": None},
            "val_f1": {"label 1": 0.2 * epoch, "<b>2</b>": 0.3},
            "seconds": 1.5,
        }
        for epoch in range(1, epochs + 1)
    ]


def run(name: str, epochs: int) -> Run:
    return Run(
        id="0" * 32,
        name=name,
        status="finished",
        spec=PRESETS["cnn"],
        dataset_name="demo",
        dataset_fingerprint="f",
        label_names=LABELS,
        created=datetime(2026, 1, 1, tzinfo=UTC),
        folder=Path("none"),
        history=tuple(history(epochs)),
        best_epoch=1 if epochs else None,
    )


def test_loss_has_both_lines_and_names_the_best_epoch() -> None:
    figure = curves.loss_figure(history(4), best_epoch=3)
    validation, training = figure.data
    assert list(validation.x) == list(training.x) == [1, 2, 3, 4]
    assert list(validation.y) == [0.125, 0.25, 0.375, 0.5]
    assert list(training.y) == [0.25, 0.5, 0.75, 1.0]
    assert (validation.line.dash, training.line.dash) == (VALIDATION_DASH, TRAIN_DASH)
    assert (validation.name, training.name) == ("Validation", "Training")
    assert figure.layout.annotations[0].text == "best epoch 3"
    assert figure.layout.shapes[0].x0 == 3


@pytest.mark.parametrize("shown", [[], ["macro_f1"], ["micro_f1", "label 1"], ["micro_f1", "macro_f1", *LABELS]])
def test_f1_draws_what_was_chosen(shown: list[str]) -> None:
    figure = curves.f1_figure(history(3), None, LABELS, shown)
    assert len(figure.data) == 2 * len(shown)
    assert not figure.layout.annotations


def test_f1_of_a_label_has_its_colour_its_gaps_and_its_name_taken_literally() -> None:
    first = curves.f1_figure(history(3), None, LABELS, ["label 1"]).data
    assert list(first[0].y) == pytest.approx([0.2, 0.4, 0.6])
    assert {trace.line.color for trace in first} == {PALETTE[0]}
    second = curves.f1_figure(history(3), None, LABELS, ["<b>2</b>"]).data
    assert list(second[1].y) == [None, None, None]
    assert second[0].name == "&lt;b&gt;2&lt;/b&gt;"


def test_accuracy_is_named_and_shown_beside_predicting_nothing() -> None:
    baseline = {"binary_accuracy": 0.6, "subset_accuracy": 0.4}
    figure = curves.accuracy_figure(history(8), 2, baseline)
    assert [trace.name for trace in figure.data if trace.line.dash == VALIDATION_DASH] == ["Binary", "Subset"]
    dotted = [trace for trace in figure.data if trace.line.dash == "dot"]
    assert [list(trace.y) for trace in dotted] == [[0.6, 0.6], [0.4, 0.4]]
    assert [list(trace.x) for trace in dotted] == [[1, 8], [1, 8]]
    assert len(curves.accuracy_figure(history(8), 2, {}).data) == 4


def test_a_thousand_epochs_stay_under_the_limit_with_the_best_and_the_last() -> None:
    figure = curves.f1_figure(history(1000), 777, LABELS, [*curves.AVERAGES, *LABELS])
    assert sum(len(trace.x) for trace in figure.data) <= curves.MOST_POINTS + 2 * len(figure.data)
    assert {777, 1000} <= set(figure.data[0].x)


@pytest.mark.parametrize("measure", curves.MEASURES)
def test_overlay_gives_each_run_a_colour_and_a_star(measure: str) -> None:
    runs = [run("first", 3), run("second", 5), run("none yet", 0)]
    figure = curves.overlay_figure(runs, measure)
    lines = [trace for trace in figure.data if trace.mode != "markers"]
    assert [trace.line.color for trace in lines] == [PALETTE[i] for i in (0, 0, 1, 1, 2, 2)]
    assert list(lines[2].y) == [row[f"val_{measure}"] for row in runs[1].history]
    stars = [trace for trace in figure.data if trace.mode == "markers"]
    assert [list(star.x) for star in stars] == [[1], [1], []]
    assert stars[1].y[0] == runs[1].history[0][f"val_{measure}"]


def test_more_runs_than_colours_differ_in_their_symbol() -> None:
    figure = curves.overlay_figure([replace(run("r", 2), name=str(i)) for i in range(len(PALETTE) + 1)], "loss")
    lines = [trace for trace in figure.data if trace.line.dash == VALIDATION_DASH]
    assert len({(trace.line.color, trace.marker.symbol) for trace in lines}) == len(PALETTE) + 1


def test_table_holds_the_numbers_of_the_curves() -> None:
    table = curves.history_table(history(2), LABELS)
    assert list(table["Epoch"]) == [1, 2]
    assert list(table["Loss, validation"]) == [0.25, 0.5]
    assert list(table["F1 of label 1, training"]) == pytest.approx([0.1, 0.2])
    assert table["F1 of <b>2</b>, training"].isna().all()
    assert list(table["Seconds"]) == [1.5, 1.5]
    assert len(curves.history_table([], LABELS)) == 0
