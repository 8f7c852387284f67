"""Where a run fails: label sets taken for each other, and error rates against what slices differ in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from mri_core import words
from mri_core.charts.failure_tables import COVARIATES, set_names, span
from mri_core.charts.theme import NO_FINDING, finish, literal
from mri_core.evaluation.failures import LabelSetConfusion
from mri_core.prediction.run_failures import RunFailures

if TYPE_CHECKING:
    import pandas as pd

_COLOUR = "#6B7F99"  # all labels together are of no single label's colour
_RIGHT_OR_WRONG = [
    [0.0, "rgb(234, 143, 90)"],
    [0.3, "rgb(244, 190, 158)"],
    [0.5, "rgb(246, 244, 242)"],
    [0.7, "rgb(160, 204, 230)"],
    [1.0, "rgb(96, 168, 211)"],
]
"""From wrong on all slices of a row to right on all, pale enough for dark text."""
_LONGEST = 18
"""Characters of a label's name at an axis; hovering tells the rest."""


@dataclass(frozen=True)
class FailureFigures:
    """error_rates: one a covariate, by its name."""

    label_sets: go.Figure
    error_rates: dict[str, go.Figure]


def draw_failures(found: RunFailures, label: str | None) -> FailureFigures:
    """The charts of a run's failures. label: whose errors count, None for any."""
    return FailureFigures(
        label_sets=label_set_figure(found.confusion),
        error_rates={
            name: error_rate_figure(table, f"Errors against {name}", COVARIATES[name])
            for name, table in found.error_rates(label).items()
        },
    )


def label_set_figure(confusion: LabelSetConfusion) -> go.Figure:
    """A heat map of true against predicted label sets: slices, and their share of the true set's slices.

    Cells without a slice stay empty. Right answers, on the diagonal, are blue, wrong ones orange.
    """
    names = [literal(name) for name in set_names(confusion)]
    places = range(len(names))
    counts = confusion.counts.tolist()
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    figure = go.Figure(
        go.Heatmap(
            z=[[_signed(shares[i][j], i, j, confusion) for j in places] for i in places],
            zmin=-1,
            zmax=1,
            colorscale=_RIGHT_OR_WRONG,
            showscale=False,
            xgap=2,
            ygap=2,
            text=[[_cell(counts[i][j], shares[i][j]) for j in places] for i in places],
            texttemplate="%{text}",
            textfont={"color": "#111111"},  # the cells are pale in both themes
            customdata=[[_pair(names, i, j, confusion) for j in places] for i in places],
            hovertemplate="%{customdata}<br>%{text} of the slices with that truth<extra></extra>",
        )
    )
    ticks = [*map(_tick, confusion.sets), *(names[-1:] if confusion.other else [])]
    height = 130 + len(names) * max(46, 8 + 16 * max(map(len, confusion.sets)))
    finish(figure, "True label sets, and what they were taken for", "predicted", "truth", height)
    figure.update_layout(hovermode="closest")
    axis = {"tickvals": list(places), "ticktext": ticks, "showgrid": False, "zeroline": False}
    figure.update_xaxes(autotickangles=[0, -40, -90], **axis)  # leaning right, the last one would be cut off
    return figure.update_yaxes(autorange="reversed", **axis)


def error_rate_figure(table: pd.DataFrame, title: str, x: str) -> go.Figure:
    """The error rate of each bin with its interval, beside that of all slices.

    table: of `error_by`. x: what the bins are of, with its unit.
    """
    known, unknown = table[table["low"].notna()], table[table["low"].isna()]
    figure = go.Figure()
    rates = 100 * known["rate"]
    middles = (known["low"] + known["high"]) / 2
    figure.add_scatter(
        x=middles,
        y=rates,
        error_y={
            "array": 100 * known["rate_high"] - rates,
            "arrayminus": rates - 100 * known["rate_low"],
            "width": 3,
            "thickness": 1.5,
        },
        error_x={"array": known["high"] - middles, "width": 0, "thickness": 1},
        mode="markers",
        marker={"size": 8, "color": _COLOUR},
        name="slices of a bin, 95 % interval",
        hovertext=_bins_in_words(known),
        hovertemplate="%{hovertext}<extra></extra>",
    )
    _add_level(figure, "all slices", table, "dot")
    if len(unknown):
        _add_level(figure, "unknown", unknown, "dash")
    finish(figure, title, x, "error rate (%)", 360)
    figure.update_layout(hovermode="closest")
    if len(known) and (known["low"] == known["high"]).all():
        figure.update_xaxes(tickvals=known["low"].tolist())
    return figure.update_yaxes(rangemode="tozero")


def _add_level(figure: go.Figure, name: str, table: pd.DataFrame, dash: str) -> None:
    """A line across the chart at the rate of some slices together."""
    wrong, slices = int(table["wrong"].sum()), int(table["slices"].sum())
    if slices:
        figure.add_hline(
            y=100 * wrong / slices,
            line={"color": NO_FINDING, "width": 1.5, "dash": dash},
            name=f"{name}, {words.percent(wrong / slices)} of {words.count(slices)}",
            showlegend=True,
        )


def _bins_in_words(known: pd.DataFrame) -> list[str]:
    return [
        f"{span(row['low'], row['high'])}: {words.count(row['wrong'])} of {words.count(row['slices'])} slices wrong,"
        f"<br>{words.percent(row['rate'])} ({words.percent(row['rate_low'])} to {words.percent(row['rate_high'])})"
        for row in known.to_dict("records")
    ]


def _mixed(row: int, column: int, confusion: LabelSetConfusion) -> bool:
    """Whether a cell holds right and wrong answers: sets put together, taken for sets put together."""
    return confusion.other and row == column == len(confusion.sets)


def _signed(share: float, row: int, column: int, confusion: LabelSetConfusion) -> float | None:
    """What colours a cell: its share, negative where the answer is wrong, 0 where it may be either, None if empty."""
    if not share:
        return None
    if _mixed(row, column, confusion):
        return 0.0
    return share if row == column else -share


def _cell(count: int, share: float) -> str:
    return f"{words.count(count)}<br>{words.percent(share)}" if count else ""


def _pair(names: list[str], row: int, column: int, confusion: LabelSetConfusion) -> str:
    both = "<br>right and wrong answers together" if _mixed(row, column, confusion) else ""
    return f"truth: {names[row]}<br>predicted: {names[column]}{both}"


def _tick(labels: tuple[str, ...]) -> str:
    """A label a line, so that the axis takes little room."""
    shown = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in labels]
    return "<br>+ ".join(map(literal, shown)) or "no finding"
