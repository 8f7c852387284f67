"""Learning curves: a run's history -> figures. Train is dashed, validation solid, the best epoch marked and named."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from mri_core.charts.theme import NO_FINDING, PALETTE, TRAIN_DASH, VALIDATION_DASH, finish, label_colours, literal
from mri_core.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd

MEASURES = {
    "loss": "Loss",
    "micro_f1": "Micro-F1",
    "macro_f1": "Macro-F1",
    "binary_accuracy": "Binary accuracy",
    "subset_accuracy": "Subset accuracy",
}
"""Number of a history row -> its name. Each has a validation twin, `val_…`."""

AVERAGES = ("micro_f1", "macro_f1")
MOST_POINTS = 2000
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x")

# Told apart from each other and from the labels' colours, readable on white and on near-black.
_FIRST, _SECOND = "#8E6BBF", "#A67C00"
_HEIGHT = 360

History = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Line:
    """One quantity over the epochs, None where it is undefined. legend: its short name, empty where it stands alone."""

    name: str
    legend: str
    colour: str
    train: list[float | None]
    validation: list[float | None]


def loss_figure(history: History, best_epoch: int | None) -> go.Figure:
    return _figure(history, [_measure(history, "loss", _FIRST)], best_epoch, "Loss", "loss")


def f1_figure(history: History, best_epoch: int | None, label_names: Sequence[str], shown: Sequence[str]) -> go.Figure:
    """shown: of AVERAGES and the label names, what to draw."""
    colours = dict(zip(AVERAGES, (_FIRST, _SECOND), strict=True))
    lines = [_measure(history, name, colours[name]) for name in AVERAGES if name in shown]
    lines += [_label(history, name, colour) for name, colour in label_colours(label_names).items() if name in shown]
    return _shares(_figure(history, lines, best_epoch, "F1 at threshold 0.5", "F1"))


def accuracy_figure(history: History, best_epoch: int | None, baseline: Mapping[str, float]) -> go.Figure:
    """baseline: what predicting nothing reaches on validation, of "binary_accuracy" and "subset_accuracy"."""
    colours = {"binary_accuracy": _FIRST, "subset_accuracy": _SECOND}
    lines = [_measure(history, name, colour) for name, colour in colours.items()]
    figure = _figure(history, lines, best_epoch, "Accuracy at threshold 0.5", "accuracy")
    epochs = _span(history)
    for name, value in baseline.items():
        figure.add_scatter(
            x=epochs,
            y=[value] * len(epochs),
            mode="lines",
            line={"color": colours[name], "dash": "dot", "width": 1.5},
            name="Predict nothing",
            showlegend=name == next(iter(baseline)),
            hovertemplate=f"%{{y:.3f}}<extra>{MEASURES[name]}, predict nothing</extra>",
        )
    return _shares(figure)


def overlay_figure(runs: Sequence[Run], measure: str) -> go.Figure:
    """One measure of several runs, with their histories: one colour a run, a star at its best epoch."""
    figure = go.Figure()
    for i, run in enumerate(runs):
        line = _measure(run.history, measure, PALETTE[i % len(PALETTE)])
        symbol = SYMBOLS[i // len(PALETTE) % len(SYMBOLS)]
        kept = _thinned(run.history, 2 * len(runs), run.best_epoch)
        _add(figure, run.history, line, kept, literal(run.name), symbol)
        best = [k for k, row in enumerate(run.history) if row["epoch"] == run.best_epoch]
        figure.add_scatter(
            x=[run.best_epoch for _ in best],
            y=[line.validation[k] for k in best],
            mode="markers",
            marker={"color": line.colour, "symbol": "star", "size": 13},
            name=f"{literal(run.name)}, best epoch",
            showlegend=False,
            hovertemplate="%{y:.4f} at its best epoch",
        )
    longest = max((run.history for run in runs), key=len, default=())
    _epoch_axis(figure, longest)
    return finish(figure, f"{MEASURES[measure]}: validation solid, training dashed", "epoch", MEASURES[measure], 420)


def history_table(history: History, label_names: Sequence[str]) -> pd.DataFrame:
    """The numbers of the curves, one row an epoch: training beside validation, then seconds."""
    import pandas as pd

    columns: dict[str, list[Any]] = {"Epoch": [row["epoch"] for row in history]}
    lines = [_measure(history, name, "") for name in MEASURES] + [_label(history, name, "") for name in label_names]
    for line in lines:
        columns[f"{line.name}, training"] = line.train
        columns[f"{line.name}, validation"] = line.validation
    return pd.DataFrame(columns | {"Seconds": [row.get("seconds") for row in history]})


def _measure(history: History, name: str, colour: str) -> Line:
    train, validation = ([row.get(key) for row in history] for key in (name, f"val_{name}"))
    legend = "" if name == "loss" else MEASURES[name].removesuffix(" accuracy")
    return Line(MEASURES[name], legend, colour, train, validation)


def _label(history: History, name: str, colour: str) -> Line:
    train, validation = ([row.get(key, {}).get(name) for row in history] for key in ("f1", "val_f1"))
    return Line(f"F1 of {name}", name, colour, train, validation)


def _figure(history: History, lines: Sequence[Line], best_epoch: int | None, title: str, y: str) -> go.Figure:
    figure = go.Figure()
    kept = _thinned(history, 2 * len(lines), best_epoch)
    for line in lines:
        _add(figure, history, line, kept, literal(line.legend))
    if best_epoch is not None:
        early = best_epoch <= (1 + len(history)) / 2
        figure.add_vline(
            x=best_epoch,
            line={"color": NO_FINDING, "dash": "dashdot", "width": 1.5},
            annotation={
                "text": f"best epoch {best_epoch}",
                "xanchor": "left" if early else "right",
                "yanchor": "bottom",
            },
        )
    _epoch_axis(figure, history)
    finish(figure, title, "epoch", y, _HEIGHT)
    return figure.update_layout(
        uirevision="kept",  # a zoom outlives the next epoch
        legend={"xref": "container", "x": 0, "yref": "container", "y": 0, "yanchor": "bottom"},  # narrow columns
    )


def _add(
    figure: go.Figure, history: History, line: Line, kept: Sequence[int], name: str, symbol: str = "circle"
) -> None:
    """Two traces: validation, solid, and training, dashed. They share the legend's entry, where they have a name."""
    number = "%{y:.4f}" if line.name == MEASURES["loss"] else "%{y:.3f}"
    epochs = [history[k]["epoch"] for k in kept]
    for part, values, dash in (("validation", line.validation, VALIDATION_DASH), ("training", line.train, TRAIN_DASH)):
        figure.add_scatter(
            x=epochs,
            y=[values[k] for k in kept],
            mode="lines+markers" if len(history) < 2 or (part == "validation" and len(history) <= 60) else "lines",
            line={"color": line.colour, "dash": dash, "width": 2 if part == "validation" else 1.5},
            marker={"size": 6, "symbol": symbol},
            name=name or part.capitalize(),
            legendgroup=name or part,
            showlegend=not name or part == "validation",
            hovertemplate=f"{number}<extra>{name}{', ' if name else ''}{part}</extra>",
        )


def _thinned(history: History, lines: int, best_epoch: int | None) -> list[int]:
    """Positions of the epochs to draw, so that all lines together stay under MOST_POINTS; best and last are kept."""
    every = max(1, math.ceil(len(history) * lines / MOST_POINTS))
    return [k for k, row in enumerate(history) if k % every == 0 or row["epoch"] == best_epoch or k == len(history) - 1]


def _span(history: History) -> list[int]:
    """The first and the last epoch, as far as the axis reaches."""
    return [1, max(5, len(history))]


def _epoch_axis(figure: go.Figure, history: History) -> None:
    first, last = _span(history)
    figure.update_xaxes(
        range=[first - 0.02 * last - 0.1, last * 1.02 + 0.1], dtick=1 if last <= 10 else None, tickformat="d"
    )


def _shares(figure: go.Figure) -> go.Figure:
    return figure.update_yaxes(range=[0, 1.04])
