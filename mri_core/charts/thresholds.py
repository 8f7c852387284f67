"""The curves of one label, with the model's threshold and a candidate for it marked on them."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go

from mri_core import words
from mri_core.charts.theme import NO_FINDING, finish
from mri_core.evaluation.curves import Curve
from mri_core.evaluation.workbench import Workbench

PointAt = Callable[[float], tuple[float, float]]

_HEIGHT = 440


def precision_recall_figure(bench: Workbench, colour: str, present: float, candidate: float) -> go.Figure:
    """Precision against sensitivity. present, candidate: thresholds in [0, 1]."""

    def point(threshold: float) -> tuple[float, float]:
        at = bench.confusion_at(threshold)
        return float(at.sensitivity), float(at.precision)

    figure, curve = go.Figure(), bench.precision_recall
    if curve:
        # Steps, so that the area seen is the average precision; nothing simplified, for a mark may lie at their foot.
        _add_curve(figure, curve, {"color": colour, "width": 2, "shape": "vh", "simplify": False})
    _add_chance(figure, [bench.support / bench.slices] * 2)
    _add_marks(figure, colour, {"present": present, "candidate": candidate}, point)
    title = f"Precision and recall{_area(', average precision', curve)}"
    return _framed(figure, title, "sensitivity (recall)", "precision")


def roc_figure(bench: Workbench, colour: str, present: float, candidate: float) -> go.Figure:
    """Sensitivity against the share of false alarms, beside chance. Thresholds as in `precision_recall_figure`."""

    def point(threshold: float) -> tuple[float, float]:
        at = bench.confusion_at(threshold)
        return 1 - float(at.specificity), float(at.sensitivity)

    figure = go.Figure()
    if bench.roc:
        _add_curve(figure, bench.roc, {"color": colour, "width": 2})
    _add_chance(figure, [0, 1])
    _add_marks(figure, colour, {"present": present, "candidate": candidate}, point)
    title = f"ROC{_area(', area', bench.roc)}"
    return _framed(figure, title, "false positive rate (1 − specificity)", "sensitivity (recall)")


def _area(name: str, curve: Curve | None) -> str:
    return f"{name} {words.score(curve.area)}" if curve else ""


def _add_curve(figure: go.Figure, curve: Curve, line: dict[str, object]) -> None:
    figure.add_scatter(
        x=curve.x,
        y=curve.y,
        customdata=curve.thresholds,
        mode="lines",
        line=line,
        name="curve",
        showlegend=False,
        hovertemplate="(%{x:.3f}, %{y:.3f}) from threshold %{customdata:.3f}<extra></extra>",
    )


def _add_chance(figure: go.Figure, y: list[float]) -> None:
    """What guessing reaches: the diagonal of the ROC curve, or as much precision as there are positives."""
    figure.add_scatter(
        x=[0, 1], y=y, mode="lines", line={"color": NO_FINDING, "dash": "dot", "width": 1}, name="chance",
        hoverinfo="skip",
    )  # fmt: skip


def _add_marks(figure: go.Figure, colour: str, thresholds: dict[str, float], point: PointAt) -> None:
    """The model's threshold as a diamond, as on the report; a candidate as an open circle around its point."""
    marks = {
        "present": {"symbol": "diamond", "size": 11, "color": colour, "line": {"width": 1, "color": "white"}},
        "candidate": {"symbol": "circle-open", "size": 17, "color": colour, "line": {"width": 3}},
    }
    for name, threshold in thresholds.items():
        x, y = point(threshold)
        figure.add_scatter(
            x=[x],
            y=[y],
            mode="markers",
            marker=marks[name],
            name=f"{name}, {words.score(threshold)}",
            hovertemplate=f"(%{{x:.3f}}, %{{y:.3f}}) at the {name} threshold {words.score(threshold)}<extra></extra>",
        )


def _framed(figure: go.Figure, title: str, x: str, y: str) -> go.Figure:
    figure.update_xaxes(range=[-0.03, 1.03])
    figure.update_yaxes(range=[-0.03, 1.05])
    finish(figure, title, x, y, _HEIGHT)
    return figure.update_layout(
        hovermode="closest",
        uirevision="kept",  # a zoom outlives the slider's next step
        legend={"xref": "container", "x": 0, "yref": "container", "y": 0, "yanchor": "bottom"},  # narrow columns
    )
