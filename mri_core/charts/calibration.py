"""Reliability curves: how often slices of a given probability carry the label, before and after calibrating."""

from __future__ import annotations

import plotly.graph_objects as go

from mri_core.charts.theme import NO_FINDING, finish, literal
from mri_core.evaluation.reliability import Believed, Reliability

_HEIGHT = 460
_CURVE_FROM = 0.3
"""Share of the height at which the curve begins; beneath it is the strip of counts."""


def reliability_figure(label: str, before: Believed, colour: str, after: Believed | None = None) -> go.Figure:
    """The observed share against the probability, with 95 % Wilson intervals; beneath, how many slices lie where.

    label: its name. before: as the model gave the probabilities. after: calibrated, where they are.
    Before is dashed with open marks, after solid with full ones; the dotted diagonal is what perfect belief looks like.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": NO_FINDING, "dash": "dot", "width": 1},
        name="perfect", hoverinfo="skip",
    )  # fmt: skip
    _add(figure, before.curve, colour, "before" if after else "as the model gives it", before=True)
    if after:
        _add(figure, after.curve, colour, "after", before=False)
    finish(figure, f"Reliability of {literal(label)}", "probability", "share that carries it", _HEIGHT)
    return figure.update_layout(
        hovermode="closest",
        xaxis={"range": [-0.02, 1.02], "anchor": "y2"},
        yaxis={"range": [-0.02, 1.02], "domain": [_CURVE_FROM, 1]},
        yaxis2={
            "domain": [0, _CURVE_FROM - 0.08],
            "title": "slices",
            "automargin": True,
            "rangemode": "tozero",
            "nticks": 3,
            "tickformat": ",d",
        },
        legend={"xref": "container", "x": 0, "yref": "container", "y": 0, "yanchor": "bottom"},  # narrow columns
    )


def _add(figure: go.Figure, curve: Reliability, colour: str, name: str, before: bool) -> None:
    """The curve, and a stem a bin in the strip beneath, which share the legend's entry."""
    dash, symbol, width = ("dash", "circle-open", 1.5) if before else ("solid", "circle", 2)
    figure.add_scatter(
        x=curve.probability,
        y=curve.observed,
        error_y={
            "array": curve.high - curve.observed,
            "arrayminus": curve.observed - curve.low,
            "width": 3,
            "thickness": 1,
        },
        customdata=list(zip(curve.low, curve.high, curve.slices, curve.lower, curve.upper, strict=True)),
        mode="lines+markers",
        line={"color": colour, "dash": dash, "width": width},
        marker={"symbol": symbol, "size": 8},
        name=name,
        legendgroup=name,
        hovertemplate="said %{x:.3f}, found %{y:.3f} (%{customdata[0]:.3f}–%{customdata[1]:.3f})<br>"
        f"%{{customdata[2]:,}} slices between %{{customdata[3]:.3f}} and %{{customdata[4]:.3f}}<extra>{name}</extra>",
    )
    figure.add_scatter(
        x=curve.probability,
        y=curve.slices,
        yaxis="y2",
        error_y={"array": 0 * curve.slices, "arrayminus": curve.slices, "width": 0, "thickness": width},
        mode="markers",
        marker={"symbol": symbol, "size": 6, "color": colour},
        name=name,
        legendgroup=name,
        showlegend=False,
        hovertemplate=f"%{{y:,}} slices at %{{x:.3f}} on average<extra>{name}</extra>",
    )
