"""Label statistics (`mri_core.datasets.statistics`) as charts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from mri_core.charts.theme import NO_FINDING, finish, label_colours

MOST_SETS = 20
_SET_COLOUR = "#6B7F99"  # a label set is of no single label's colour
_PATTERNS = {"train": "/", "validation": "", "test": "."}


def prevalence_chart(statistics: Mapping[str, Any]) -> go.Figure:
    """Bars of the share of slices with each label and with none: a group for each label, a bar for each split."""
    names = statistics["labels"]
    colours = [*label_colours(names).values(), NO_FINDING]
    figure = go.Figure()
    for split, found in statistics["splits"].items():
        if not found["slices"]:
            continue
        counts = [*found["positives"].values(), found["no_finding"]]
        figure.add_bar(
            name=split,
            # Places, not names, on the axis: a label may be called "no finding" itself.
            x=list(range(len(counts))),
            y=[100 * count / found["slices"] for count in counts],
            customdata=[[f"{count:,} of {found['slices']:,}"] for count in counts],
            hovertemplate="%{y:.1f} % (%{customdata[0]})",
            marker={"color": colours, "pattern": {"shape": _PATTERNS.get(split, "x"), "solidity": 0.35, "size": 6}},
        )
    finish(figure, "Prevalence by split", "", "share of slices (%)")
    figure.update_xaxes(tickvals=list(range(len(names) + 1)), ticktext=[*map(_text, names), "no finding"])
    figure.update_yaxes(rangemode="tozero")
    return figure


def co_occurrence_chart(statistics: Mapping[str, Any]) -> go.Figure:
    """A heat map: of the slices with the row's label, the share that also carry the column's."""
    names = statistics["labels"]
    counts = [[statistics["co_occurrence"][row][column] for column in names] for row in names]
    shares = [
        [100 * count / row[i] if row[i] else None for count in row] for i, row in enumerate(counts)
    ]  # the diagonal holds how many slices carry the row's label
    texts = [[f"{count:,}" for count in row] for row in counts]
    axis = list(map(_text, names))
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            text=texts,
            texttemplate="%{text}<br>%{z:.1f} %" if len(names) <= 8 else None,
            hovertemplate="of slices with %{y}, %{z:.1f} % also carry %{x} (%{text} slices)<extra></extra>",
            zmin=0,
            zmax=100,
            colorscale="Blues",
            xgap=2,
            ygap=2,
            colorbar={"title": {"text": "%"}, "thickness": 12},
        )
    )
    finish(figure, "Labels that occur together", "also carry", "of slices with")
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(tickvals=list(range(len(names))), ticktext=axis)
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=axis, autorange="reversed")
    return figure


def label_sets_chart(statistics: Mapping[str, Any]) -> go.Figure:
    """Bars of how many slices carry exactly each set of labels, the most frequent on top; at most MOST_SETS."""
    sets = statistics["label_sets"][:MOST_SETS]
    total = statistics["slices"]
    names = [" + ".join(map(_text, found["labels"])) or "no finding" for found in sets]
    figure = go.Figure(
        go.Bar(
            x=[found["slices"] for found in sets],
            y=list(range(len(sets))),
            orientation="h",
            text=[f"{found['slices']:,} ({100 * found['slices'] / total:.1f} %)" for found in sets],
            textposition="auto",
            hovertext=names,
            hovertemplate="%{hovertext}: %{text}<extra></extra>",
            marker={"color": [_SET_COLOUR if found["labels"] else NO_FINDING for found in sets]},
        )
    )
    finish(figure, "Label sets by frequency", "slices", "", height=max(240, 90 + 34 * len(sets)))
    figure.update_layout(hovermode="closest", showlegend=False)
    figure.update_yaxes(tickvals=list(range(len(sets))), ticktext=names, autorange="reversed")
    return figure


def _text(name: str) -> str:
    """A label's name as it is: Plotly reads a little HTML in texts."""
    return name.replace("&", "&amp;").replace("<", "&lt;")
