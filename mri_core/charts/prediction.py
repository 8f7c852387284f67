"""Predictions to figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import plotly.graph_objects as go

from mri_core.charts.theme import VALIDATION_DASH, finish, literal
from mri_core.prediction.predictor import Prediction
from mri_core.prediction.volume import places_in_mm

POINTS = 2000
"""The most points a line is drawn with."""
_MARK = "#8A8A8A"  # seen in both themes
_LONGEST_NAME = 18  # characters of a run's name beside its bars


class Concluded(Protocol):
    """What a model says of a slice or a patient. labels: those whose probability reaches their threshold."""

    @property
    def probabilities(self) -> Mapping[str, float]: ...
    @property
    def thresholds(self) -> Mapping[str, float]: ...
    @property
    def labels(self) -> Sequence[str]: ...


def probability_bars(prediction: Concluded, colours: Mapping[str, str]) -> go.Figure:
    """A bar per label with its probability, and a mark at its threshold."""
    labels = list(prediction.probabilities)
    return _bars(
        [literal(label) for label in labels],
        [_bar(prediction, label) for label in labels],
        [colours[label] for label in labels],
        pitch=50,
    )


def run_bars(answers: Mapping[str, Concluded], colours: Mapping[str, str]) -> go.Figure:
    """For each label a bar per run that knows it, with its threshold. answers: by the run's name, told apart."""
    pairs = [(label, run) for label in colours for run in answers if label in answers[run].probabilities]
    rows = [[literal(label) for label, _ in pairs], [literal(_short(run)) for _, run in pairs]]
    bars = [_bar(answers[run], label) for label, run in pairs]
    return _bars(rows, bars, [colours[label] for label, _ in pairs], pitch=34)


class _Bar(NamedTuple):
    value: float
    threshold: float
    text: str


def _bar(answer: Concluded, label: str) -> _Bar:
    value = answer.probabilities[label]
    return _Bar(value, answer.thresholds[label], f"{value:.3f} {'on' if label in answer.labels else 'off'}")


def _bars(rows: Sequence[Any], bars: Sequence[_Bar], colours: Sequence[str], pitch: int) -> go.Figure:
    """rows: a name for each bar, or two lists: the names of groups and the names in them. pitch: pixels a bar."""
    figure = go.Figure(
        go.Bar(
            y=rows,
            x=[bar.value for bar in bars],
            orientation="h",
            width=0.6,
            marker_color=list(colours),
            name="probability",
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
            showlegend=False,
        )
    )
    figure.add_scatter(
        y=rows,
        x=[bar.threshold for bar in bars],
        mode="markers",
        marker={"symbol": "line-ns", "size": 0.6 * pitch, "line": {"width": 3, "color": _MARK}},
        name="threshold",
        hovertemplate="threshold %{x:.3f}<extra></extra>",
    )
    figure.add_scatter(
        y=rows,
        x=[1.04] * len(bars),  # one column beside the bars, clear of the marks
        mode="text",
        text=[bar.text for bar in bars],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    finish(figure, "Probability of each label", "probability", "", height=130 + pitch * len(bars))
    figure.layout.hovermode = "closest"
    figure.layout.legend.y = -52 / (pitch * len(bars))
    figure.layout.xaxis.range = [0, 1.35]
    figure.layout.xaxis.tickvals = [0, 0.25, 0.5, 0.75, 1]
    figure.layout.yaxis.autorange = "reversed"
    figure.layout.yaxis.title = None
    return figure


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def volume_profile(predictions: Sequence[Prediction], colours: Mapping[str, str], chosen: int) -> go.Figure:
    """Probability of each label along the slices of one file, its peak marked, and the chosen slice.

    Over millimetres where the file says where its slices lie, else over their numbers, from 1.
    """
    step = -(-len(predictions) // POINTS)
    numbers = range(0, len(predictions), step)
    in_mm = places_in_mm(predictions)
    places = in_mm or [float(number + 1) for number in range(len(predictions))]
    along = {label: [one.probabilities[label] for one in predictions] for label in predictions[0].probabilities}
    figure = go.Figure()
    for label, values in along.items():
        figure.add_scatter(
            x=[places[number] for number in numbers],
            y=[values[number] for number in numbers],
            customdata=[number + 1 for number in numbers],
            mode="lines",
            line={"color": colours[label], "dash": VALIDATION_DASH},
            name=literal(label),
            hovertemplate="%{y:.3f} in slice %{customdata}",
        )
    for label, values in along.items():
        figure.add_scatter(
            x=[places[values.index(max(values))]],
            y=[max(values)],
            mode="markers",
            marker={"color": colours[label], "size": 9},
            hoverinfo="skip",
            showlegend=False,
        )
    figure.add_vline(
        x=places[chosen],
        line={"color": _MARK, "width": 2},
        annotation={"text": f"slice {chosen + 1}", "showarrow": False},
        annotation_position="top",
    )
    finish(figure, "Probability along the volume", "place of the slice (mm)" if in_mm else "slice", "probability")
    figure.update_layout(margin_t=64)  # the name of the chosen slice stands between title and lines
    figure.update_yaxes(range=[0, 1.04])
    return figure
