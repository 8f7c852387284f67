"""Colours and layout that every chart shares."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

# Okabe & Ito, "Color Universal Design" (2008): told apart by colour-blind readers. Black, yellow and grey are left out:
# the first two vanish in one of the themes, grey is for "no finding".
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
NO_FINDING = "#8A8A8A"
TRAIN_DASH, VALIDATION_DASH = "dash", "solid"


def label_colours(label_names: Sequence[str]) -> dict[str, str]:
    """One fixed colour a label, by its place in the data set; six, then they repeat."""
    return {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(label_names)}


def literal(name: str) -> str:
    """A name from a user as Plotly shall write it: it reads a little HTML in all text."""
    return escape(name, quote=False)


def finish(figure: go.Figure, title: str, x: str, y: str, height: int = 340) -> go.Figure:
    """Title, axis titles, a legend under the chart that covers no data, and room for them. Colours follow the theme."""
    layout = figure.layout  # set one by one: `update_layout` with nested settings takes four times as long
    layout.title = {"text": title, "font": {"size": 15}, "x": 0, "xanchor": "left"}
    layout.height = height
    layout.margin = {"l": 8, "r": 8, "t": 40, "b": 8}
    layout.legend = {"orientation": "h", "yanchor": "top", "y": -0.22, "x": 0, "title": None}
    layout.hovermode = "x unified"
    figure.update_xaxes(title=x, automargin=True)
    figure.update_yaxes(title=y, automargin=True)
    return figure
