"""The map of a data set, coloured by what is known of its slices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import plotly.graph_objects as go

from mri_core import words
from mri_core.charts.failure_tables import COVARIATES, set_name
from mri_core.charts.theme import NO_FINDING, PALETTE, finish, label_colours, literal
from mri_core.datasets.dataset import SPLITS
from mri_core.prediction.outcomes import NOT_JUDGED, RIGHT, WRONG
from mri_core.prediction.run_failures import POSITION

if TYPE_CHECKING:
    import pandas as pd

Colouring = Literal["label sets", "one label", "split", "position", "slices of the patient", "errors of a run"]
COLOURINGS: tuple[Colouring, ...] = get_args(Colouring)
MOST_SETS = 8
"""Label sets told apart, the most frequent ones; the others are drawn as one."""

_VALUES = {"position": "position", "slices of the patient": "patient_slices"}  # colouring -> column of numbers
_SYMBOLS = ("circle", "diamond", "square", "cross", "triangle-up", "star", "hexagon", "triangle-down")
_SCALE = [[0, PALETTE[0]], [0.5, PALETTE[3]], [1, PALETTE[5]]]  # seen in both themes, which dark or pale ends are not
_OTHER, _UNKNOWN = "other label sets", "labels unknown"


@dataclass(frozen=True)
class _Style:
    name: str
    colour: str
    symbol: str = "circle"
    opacity: float = 0.8


_Groups = tuple[list[Hashable], dict[Hashable, _Style]]
"""The group of every point, and how each is drawn, the backmost first."""


def colourings(table: pd.DataFrame) -> list[Colouring]:
    """What a map can be coloured by, given what is known of its slices. table: as `map_table` makes it."""
    columns = {**_VALUES, "split": "split"}
    return [name for name in COLOURINGS if name not in columns or table[columns[name]].notna().any()]


def map_figure(table: pd.DataFrame, label_names: Sequence[str], colouring: Colouring, label: str) -> go.Figure:
    """The map with a point a slice, whose id is its custom data.

    table: as `map_table` makes it, beside the columns of `outcomes` for the errors of a run. label: the one to show
    where only one is.
    """
    figure = go.Figure()
    if colouring in _VALUES:
        _add_values(figure, table, _VALUES[colouring])
    else:
        groups, styles = _groups(table, label_names, colouring, label)
        for key, style in styles.items():
            if key in groups:
                _add_group(figure, table[[group == key for group in groups]], style)
    by = literal(label) if colouring == "one label" else colouring
    finish(figure, f"Slices that look alike lie together, by {by}", "map, across (no unit)", "map, up (no unit)", 560)
    figure.update_layout(hovermode="closest", dragmode="zoom", legend={"y": -0.08, "itemsizing": "constant"})
    bare = {"showticklabels": False, "showgrid": False, "zeroline": False}
    figure.update_xaxes(**bare)
    return figure.update_yaxes(scaleanchor="x", **bare)


def _groups(table: pd.DataFrame, label_names: Sequence[str], colouring: Colouring, label: str) -> _Groups:
    if colouring == "label sets":
        return _by_label_set(table["labels"].tolist(), label_names)
    if colouring == "one label":
        return _by_label(table["labels"].tolist(), label, label_colours(label_names)[label])
    if colouring == "split":
        styles = zip(SPLITS, PALETTE, _SYMBOLS, strict=False)
        drawn: dict[Hashable, _Style] = {None: _Style("no split", NO_FINDING)}
        drawn |= {split: _Style(split, colour, symbol, 0.6) for split, colour, symbol in styles}
        return table["split"].tolist(), drawn
    return table["outcome"].tolist(), {
        NOT_JUDGED: _Style(NOT_JUDGED, NO_FINDING, opacity=0.2),
        RIGHT: _Style(RIGHT, PALETTE[4]),
        WRONG: _Style(WRONG, PALETTE[1], "x"),
    }


def _by_label_set(carried: Sequence[tuple[str, ...] | None], label_names: Sequence[str]) -> _Groups:
    """A set has the colour of its rarest label, and a symbol that no other set of that colour has."""
    sets = [labels for labels, _ in Counter(carried).most_common() if labels]
    support = Counter(label for labels in carried for label in labels or ())
    colours, used = label_colours(label_names), Counter[str]()
    styles: dict[Hashable, _Style] = {
        None: _Style(_UNKNOWN, NO_FINDING, "circle-open", 0.4),
        (): _Style(set_name(()), NO_FINDING, opacity=0.4),
        _OTHER: _Style(_OTHER, NO_FINDING, "diamond-open"),
    }
    for labels in sets[:MOST_SETS]:
        colour = colours[min(labels, key=support.__getitem__)]
        styles[labels] = _Style(set_name(labels), colour, _SYMBOLS[used[colour]])
        used[colour] += 1
    return [labels if labels in styles else _OTHER for labels in carried], styles


def _by_label(carried: Sequence[tuple[str, ...] | None], label: str, colour: str) -> _Groups:
    return [None if labels is None else label in labels for labels in carried], {
        None: _Style(_UNKNOWN, NO_FINDING, "circle-open", 0.4),
        False: _Style(f"without {label}", NO_FINDING, opacity=0.4),
        True: _Style(f"with {label}", colour, "diamond"),
    }


def _add_group(figure: go.Figure, points: pd.DataFrame, style: _Style) -> None:
    marker = {"color": style.colour, "symbol": style.symbol, "opacity": style.opacity}
    _add_points(figure, points, f"{literal(style.name)} ({words.count(len(points))})", marker)


def _add_values(figure: go.Figure, table: pd.DataFrame, column: str) -> None:
    """Points coloured by a number; those without one are grey."""
    title = COVARIATES[POSITION] if column == "position" else "slices of the patient"
    known = table[table[column].notna()]
    if len(known) < len(table):
        _add_group(figure, table[table[column].isna()], _Style("unknown", NO_FINDING, opacity=0.4))
    bar = {"title": {"text": title, "side": "right"}, "thickness": 14}
    marker = {"color": known[column].tolist(), "colorscale": _SCALE, "showscale": True, "colorbar": bar}
    _add_points(figure, known, f"known ({words.count(len(known))})", marker | {"opacity": 0.8})
    figure.update_layout(showlegend=len(known) < len(table))


def _add_points(figure: go.Figure, points: pd.DataFrame, name: str, marker: dict) -> None:
    figure.add_scattergl(
        x=points["x"].tolist(),
        y=points["y"].tolist(),
        mode="markers",
        marker={"size": 6, "line": {"width": 0}, **marker},
        name=name,
        customdata=[[one] for one in points["id"]],
        hovertext=[_hover(point) for point in points.to_dict("records")],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _hover(point: dict) -> str:
    labels = _UNKNOWN if point["labels"] is None else set_name(point["labels"])
    lines = [point["id"], point["patient"] or "patient unknown", labels, point["split"] or "no split"]
    if "outcome" in point:
        judged = point["outcome"] != NOT_JUDGED
        lines.append(f"{point['outcome']}, loss {words.score(point['loss'])}" if judged else NOT_JUDGED)
    return "<br>".join(map(literal, lines))
