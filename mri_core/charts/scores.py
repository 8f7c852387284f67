"""What a run is worth: an evaluation -> confusion of every label, precision-recall and ROC curves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import plotly.graph_objects as go

from mri_core import words
from mri_core.charts.theme import NO_FINDING, finish, label_colours, literal
from mri_core.evaluation import Curve, Evaluation
from mri_core.evaluation.report import Report

MOST_POINTS = 2000
_HEIGHT = 420


@dataclass(frozen=True)
class ReportFigures:
    """The charts of a report. confusion: one a label, by its name."""

    confusion: dict[str, go.Figure]
    precision_recall: go.Figure
    roc: go.Figure


def draw_report(report: Report) -> ReportFigures:
    evaluation = report.evaluation
    return ReportFigures(
        confusion={name: confusion_figure(evaluation, name) for name in evaluation.label_names},
        precision_recall=precision_recall_figure(evaluation, report.precision_recall),
        roc=roc_figure(evaluation, report.roc),
    )


def confusion_figure(evaluation: Evaluation, label: str) -> go.Figure:
    """Truth against prediction of one label: slices, and their share of all slices."""
    counts, position = evaluation.counts, evaluation.label_names.index(label)
    cells = [
        [counts.true_positives[position], counts.false_negatives[position]],
        [counts.false_positives[position], counts.true_negatives[position]],
    ]
    shares = [[int(cell) / counts.slices for cell in row] for row in cells]
    colour = label_colours(evaluation.label_names)[label]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=["present", "absent"],
            y=["present", "absent"],
            colorscale=[[0, _pale(colour, 0.08)], [1, _pale(colour, 0.55)]],
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=3,
            ygap=3,
            hovertemplate="truth %{y}, predicted %{x}: %{z:.1%}<extra></extra>",
        )
    )
    figure.add_scatter(
        x=["present", "absent"] * 2,
        y=["present", "present", "absent", "absent"],
        text=[
            f"<b>{words.count(int(cells[i][j]))}</b><br>{words.percent(shares[i][j])}" for i in (0, 1) for j in (0, 1)
        ],
        mode="text",
        textfont={"size": 14, "color": "#111111"},  # the cells are pale in both themes
        hoverinfo="skip",
        showlegend=False,
    )
    finish(figure, literal(label), "predicted", "truth", 240)
    figure.update_layout(hovermode="closest")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure.update_xaxes(showgrid=False)


def precision_recall_figure(evaluation: Evaluation, curves: Mapping[str, Curve | None]) -> go.Figure:
    """A curve a label; the threshold's point marked; the average precision in the legend."""
    points = {
        name: (evaluation.scores["recall"][i], evaluation.scores["precision"][i])
        for i, name in enumerate(evaluation.label_names)
    }
    figure = _curves_figure(evaluation, curves, points, "average precision")
    # Steps, so that the area seen is the average precision: straight lines between points overrate.
    # Nothing simplified away: the threshold's point may lie at the foot of a step.
    figure.update_traces(line={"shape": "vh", "simplify": False}, selector={"mode": "lines"})
    return finish(figure, "Precision and recall", "recall", "precision", _HEIGHT)


def roc_figure(evaluation: Evaluation, curves: Mapping[str, Curve | None]) -> go.Figure:
    """A curve a label; the threshold's point marked; the area in the legend; chance as a dotted diagonal."""
    counts = evaluation.counts
    points = {
        name: (
            counts.false_positives[i] / max(1, counts.slices - counts.support[i]),
            evaluation.scores["recall"][i],
        )
        for i, name in enumerate(evaluation.label_names)
    }
    figure = _curves_figure(evaluation, curves, points, "area")
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": NO_FINDING, "dash": "dot", "width": 1}, name="chance",
        hoverinfo="skip",
    )  # fmt: skip
    return finish(figure, "ROC", "false positive rate", "true positive rate (recall)", _HEIGHT)


def _curves_figure(
    evaluation: Evaluation,
    curves: Mapping[str, Curve | None],
    points: Mapping[str, tuple[float, float]],
    area: str,
) -> go.Figure:
    figure = go.Figure()
    colours = label_colours(evaluation.label_names)
    drawn = {name: curve for name, curve in curves.items() if curve is not None}
    every = max(1, math.ceil(sum(len(curve.x) for curve in drawn.values()) / MOST_POINTS))
    for name, curve in drawn.items():
        threshold = evaluation.thresholds[evaluation.label_names.index(name)]
        figure.add_scatter(
            x=[*curve.x[:-1:every], curve.x[-1]],
            y=[*curve.y[:-1:every], curve.y[-1]],
            customdata=[*curve.thresholds[:-1:every], curve.thresholds[-1]],
            mode="lines",
            line={"color": colours[name], "width": 2},
            name=f"{literal(name)}, {area} {curve.area:.3f}",
            legendgroup=name,
            hovertemplate="(%{x:.3f}, %{y:.3f}) at threshold %{customdata:.3f}",
        )
        figure.add_scatter(
            x=[points[name][0]],
            y=[points[name][1]],
            mode="markers",
            marker={"color": colours[name], "size": 11, "symbol": "diamond", "line": {"width": 1, "color": "white"}},
            name=f"{literal(name)} at its threshold {threshold:g}",
            legendgroup=name,
            showlegend=False,
            hovertemplate=f"(%{{x:.3f}}, %{{y:.3f}}) at the model's threshold {threshold:g}",
        )
    figure.update_xaxes(range=[-0.02, 1.02])
    figure.update_yaxes(range=[-0.02, 1.04])
    return figure


def _pale(colour: str, share: float) -> str:
    """A colour thinned with white until `share` of it is left."""
    channels = (round(255 - share * (255 - int(colour[i : i + 2], 16))) for i in (1, 3, 5))
    return f"rgb({', '.join(map(str, channels))})"
