"""Predictions to figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import plotly.graph_objects as go

from mri_core.charts.theme import VALIDATION_DASH, finish, literal
from mri_core.prediction.predictor import Prediction

POINTS = 2000
"""The most points a line is drawn with."""


class Concluded(Protocol):
    """What a model says of a slice. labels: those whose probability reaches their threshold."""

    @property
    def probabilities(self) -> Mapping[str, float]: ...
    @property
    def thresholds(self) -> Mapping[str, float]: ...
    @property
    def labels(self) -> Sequence[str]: ...


def probability_bars(prediction: Concluded, colours: Mapping[str, str]) -> go.Figure:
    """A bar per label with its probability, and a mark at its threshold."""
    labels = [literal(label) for label in prediction.probabilities]
    values = list(prediction.probabilities.values())
    thresholds = list(prediction.thresholds.values())
    concluded = ["on" if label in prediction.labels else "off" for label in prediction.probabilities]
    figure = go.Figure(
        go.Bar(
            y=labels,
            x=values,
            orientation="h",
            width=0.55,
            marker_color=[colours[label] for label in prediction.probabilities],
            name="probability",
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
            showlegend=False,
        )
    )
    figure.add_scatter(
        y=labels,
        x=thresholds,
        mode="markers",
        marker={"symbol": "line-ns", "size": 30, "line": {"width": 3, "color": "#8A8A8A"}},
        name="threshold",
        hovertemplate="threshold %{x:.3f}<extra></extra>",
    )
    figure.add_scatter(
        y=labels,
        x=[1.04] * len(labels),  # one column beside the bars, clear of the marks
        mode="text",
        text=[f"{value:.3f} {state}" for value, state in zip(values, concluded, strict=True)],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    finish(figure, "Probability of each label", "probability", "", height=130 + 50 * len(labels))
    figure.update_layout(hovermode="closest", legend={"y": -0.35})
    figure.update_xaxes(range=[0, 1.35], tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_yaxes(autorange="reversed", title=None)
    return figure


def volume_profile(predictions: Sequence[Prediction], colours: Mapping[str, str], chosen: int) -> go.Figure:
    """Probability of each label along the slices of one file, with the chosen slice marked."""
    step = -(-len(predictions) // POINTS)
    numbers = list(range(0, len(predictions), step))
    figure = go.Figure()
    for label, colour in colours.items():
        figure.add_scatter(
            x=[number + 1 for number in numbers],
            y=[predictions[number].probabilities[label] for number in numbers],
            mode="lines",
            line={"color": colour, "dash": VALIDATION_DASH},
            name=literal(label),
            hovertemplate="%{y:.3f}",
        )
    figure.add_vline(x=chosen + 1, line={"color": "#8A8A8A", "width": 2}, annotation_text="shown")
    finish(figure, "Probability along the volume", "slice", "probability")
    figure.update_yaxes(range=[0, 1.02])
    return figure
