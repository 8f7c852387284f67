"""Runs beside each other: differences with their intervals as a forest plot, and settings against a score."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from mri_core import words
from mri_core.charts.comparison_tables import SETTINGS, compared_scores, difference_in_words, p_in_words
from mri_core.charts.theme import NO_FINDING, PALETTE, finish, literal
from mri_core.evaluation.comparison import Comparison
from mri_core.prediction.run_comparison import LESS_IS_BETTER, verdict

if TYPE_CHECKING:
    import pandas as pd

SCORES = {"val_micro_f1": "Micro-F1", "val_macro_f1": "Macro-F1", "val_loss": "Validation loss"}
"""Scores of the run table -> their titles, all of the best epoch on validation."""

MOST_AXES = 8
_WORST_TO_BEST = ((0.0, PALETTE[5]), (1.0, PALETTE[0]))  # seen in both themes, and by colour-blind readers
_MOST_TICKS = 8
_DECADES = 20
"""Settings whose values differ by more than this factor are drawn on a logarithmic axis."""


def difference_figure(comparisons: Sequence[Comparison]) -> go.Figure:
    """Differences from the reference with their 95 % intervals, one row a score, one colour a run, filled where the
    difference is beyond chance.

    Only scores that rise as a run gets better, so that right of the line is always better.
    """
    scores = {title: path for title, path in compared_scores(comparisons[0]).items() if path[-1] not in LESS_IS_BETTER}
    figure = go.Figure()
    for number, comparison in enumerate(comparisons):
        beside = 0.6 * ((number + 0.5) / len(comparisons) - 0.5)
        found = [comparison.differences[path] for path in scores.values()]
        told = [verdict(path, comparison.differences[path]) for path in scores.values()]
        colour, name = PALETTE[number % len(PALETTE)], literal(comparison.b)
        figure.add_scatter(
            x=[_known(one.value) for one in found],
            y=[row + beside for row in range(len(scores))],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [0 if one.reason else one.high - one.value for one in found],
                "arrayminus": [0 if one.reason else one.value - one.low for one in found],
                "thickness": 1.5,
                "width": 3,
            },
            mode="markers",
            marker={
                "color": colour,
                "size": 9,
                "symbol": ["diamond-open" if one == "not told apart" else "diamond" for one in told],
                "line": {"width": 1.5},
            },
            name=name,
            customdata=[
                [title, difference_in_words(one), p_in_words(one.adjusted_p) or "undefined", said]
                for title, one, said in zip(map(literal, scores), found, told, strict=True)
            ],
            hovertemplate="%{customdata[0]}: %{customdata[1]}<br>p %{customdata[2]}, %{customdata[3]}"
            f"<extra>{name}</extra>",
            showlegend=len(comparisons) > 1,
        )
    return _forest(figure, comparisons, [literal(title) for title in scores])


def _forest(figure: go.Figure, comparisons: Sequence[Comparison], titles: Sequence[str]) -> go.Figure:
    figure.add_vline(
        x=0,
        line={"color": NO_FINDING, "width": 1.5},
        annotation={"text": "no difference", "yanchor": "bottom", "xanchor": "center"},
    )
    title = f"Differences from {literal(comparisons[0].a)}, 95 % intervals"
    finish(figure, title, "difference: right is better", "", 130 + len(titles) * (16 + 12 * len(comparisons)))
    figure.update_layout(
        hovermode="closest",
        margin={"t": 60},
        legend={"xref": "container", "yref": "container", "y": 0, "yanchor": "bottom"},
    )
    figure.update_xaxes(tickformat="+.3~f", zeroline=False)
    return figure.update_yaxes(
        tickvals=list(range(len(titles))), ticktext=titles, range=[len(titles) - 0.5, -0.5], zeroline=False
    )


def setting_scatter(table: pd.DataFrame, setting: str, score: str, chosen: Collection[str]) -> go.Figure:
    """A setting against a score, one point a run, one colour an architecture; the chosen runs' are diamonds.

    table: of `run_table`, with its ids as index. setting: a training setting. score: of SCORES; runs without are left
    out. chosen: ids.
    """
    table = table.dropna(subset=[score])
    numeric = _is_number(table[setting])
    title = SCORES[score]
    figure = go.Figure()
    for number, architecture in enumerate(table["architecture"].unique()):
        runs = table[table["architecture"] == architecture]
        marked = [run_id in chosen for run_id in runs.index]
        values = runs[setting].tolist() if numeric else list(map(words.choice, runs[setting]))
        figure.add_scatter(
            x=values,
            y=runs[score].tolist(),
            mode="markers",
            marker={
                "color": PALETTE[number % len(PALETTE)],
                "opacity": 0.8,
                "symbol": ["diamond" if one else "circle" for one in marked],
                "size": [15 if one else 9 for one in marked],
                "line": {"width": [2 if one else 0 for one in marked], "color": NO_FINDING},
            },
            name=literal(words.choice(architecture)),
            customdata=[
                [literal(name), words.choice(value)]
                for name, value in zip(runs["name"].tolist(), runs[setting].tolist(), strict=True)
            ],
            hovertemplate=f"%{{customdata[0]}}<br>{SETTINGS[setting]} %{{customdata[1]}}<br>{title} %{{y:.3f}}"
            "<extra></extra>",
        )
    finish(figure, f"{title} against {SETTINGS[setting].lower()}", SETTINGS[setting], f"{title}, validation", 420)
    figure.update_layout(hovermode="closest", showlegend=True, legend={"itemsizing": "constant"})
    if not numeric:
        return figure.update_xaxes(type="category")
    if not _spans_decades(table[setting]):
        return figure.update_xaxes(type="linear")
    return figure.update_xaxes(type="log", dtick=1, exponentformat="none")


def parallel_settings(table: pd.DataFrame, settings: Sequence[str], score: str) -> go.Figure:
    """A line a run through its values of the settings to its score, which colours it; ranges can be drawn on an axis.

    table, score: as for `setting_scatter`. settings: training settings; the first MOST_AXES in which runs with that
    score differ are drawn.
    """
    table = table.dropna(subset=[score])
    drawn = [setting for setting in settings if table[setting].nunique() > 1][:MOST_AXES]
    title = SCORES[score]
    figure = go.Figure(
        go.Parcoords(
            line={
                "color": table[score],
                "colorscale": _WORST_TO_BEST,
                "reversescale": score == "val_loss",
                "showscale": False,
            },
            dimensions=[
                *(_axis(SETTINGS[setting], table[setting]) for setting in drawn),
                {"label": title, "values": table[score], "tickformat": ".3f"},
            ],
            labelangle=-25,
            labelside="bottom",
            rangefont={"color": "rgba(0, 0, 0, 0)"},  # the ends of an axis, which its ticks name already
        )
    )
    finish(figure, f"Settings and {title}", "", "", 420)
    return figure.update_layout(margin={"l": 90, "r": 40, "b": 80})


def _axis(title: str, values: pd.Series) -> dict[str, Any]:
    """One axis of parallel coordinates: numbers as they are or by their logarithm, names at even distances."""
    distinct = sorted(set(values.tolist()))  # Python's own numbers, which `words` knows
    if not _is_number(values):
        places = {value: float(place) for place, value in enumerate(distinct)}
        return _ticked(title, values.map(places), list(places.values()), distinct)
    if _spans_decades(values):
        if len(distinct) > _MOST_TICKS:
            lowest, highest = math.floor(math.log10(distinct[0])), math.ceil(math.log10(distinct[-1]))
            distinct = [10.0**power for power in range(lowest, highest + 1)]
        return _ticked(title, values.map(math.log10), [math.log10(value) for value in distinct], distinct)
    if len(distinct) > _MOST_TICKS:
        return {"label": title, "values": values}
    return _ticked(title, values, distinct, distinct)


def _ticked(title: str, values: pd.Series, places: Sequence[float], written: Sequence[Any]) -> dict[str, Any]:
    texts = [literal(words.choice(value)) for value in written]
    # The axis reaches over all its ticks, decades included that no run lies at.
    return {"label": title, "values": values, "tickvals": places, "ticktext": texts, "range": [places[0], places[-1]]}


def _is_number(values: pd.Series) -> bool:
    return values.dtype.kind in "iuf"


def _spans_decades(values: pd.Series) -> bool:
    return values.min() > 0 and values.max() / values.min() > _DECADES


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
