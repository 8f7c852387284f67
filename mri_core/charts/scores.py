"""What a run is worth: an evaluation -> tables in words, confusion of every label, precision-recall and ROC curves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from mri_core import words
from mri_core.charts.theme import NO_FINDING, finish, label_colours, literal
from mri_core.evaluation import Curve, Evaluation, score_table, undefined_reason
from mri_core.evaluation.judgement import Judged, Judgement
from mri_core.evaluation.report import Report

if TYPE_CHECKING:
    import pandas as pd

PATIENT_RULES = {"any_slice": "Patients, most probable slice", "mean_of_top_3": "Patients, mean of three slices"}
_LABELLED = "Slices with a label"
STRATA_SCORES = {
    "Micro-F1": ("averages", "micro", "f1"),
    "Macro-F1": ("averages", "macro", "f1"),
    "Subset accuracy": ("subset_accuracy",),
    "No finding, recall": ("no_finding", "recall"),
    "No finding, precision": ("no_finding", "precision"),
}
"""What the strata are compared by: its title -> its place in the document of an evaluation."""

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


def scores_in_words(judged: Judged) -> pd.DataFrame:
    """The study's table as it is read: three decimals, or why there is no score; the support stays a number.

    Rows as in `score_table`, labels as Markdown. Beside F1 its 95 % interval.
    """
    evaluation = judged.evaluation
    table = score_table(evaluation)
    rows = [("labels", name) for name in evaluation.label_names]
    rows += [("averages", name) for name in evaluation.overall.averages]
    table.insert(3, "95 % interval of F1", [_interval(judged, (*row, "f1")) for row in rows])
    for name in ("precision", "recall", "f1"):
        table[name] = [
            words.score(value, undefined_reason(evaluation, str(row), name) if math.isnan(value) else "")
            for row, value in table[name].items()
        ]
    return table.rename(
        index=words.plain, columns={"precision": "Precision", "recall": "Recall", "f1": "F1", "support": "Support"}
    )


def resampling_in_words(judged: Judged) -> str:
    """Where the intervals come from."""
    resampling = judged.intervals.resampling
    known = "" if resampling.unit == "patient" else " Patients are unknown, so the intervals are rather too narrow."
    return (
        f"Intervals by bootstrap over {words.count(resampling.number)} {resampling.unit}s, "
        f"{words.count(resampling.resamples)} resamples.{known}"
    )


def strata_in_words(judgement: Judgement) -> pd.DataFrame:
    """Scores with their intervals: over all slices, those with a label, and patients; rows are the strata."""
    import pandas as pd

    strata = {"All slices": judgement.slices, _LABELLED: judgement.labelled_only}
    strata |= {PATIENT_RULES[rule]: judged for rule, judged in judgement.patients.items()}
    rows = {
        name: {
            # Among slices that all carry a label there is no finding to find.
            title: "does not apply" if name == _LABELLED and path[0] == "no_finding" else _with_interval(judged, path)
            for title, path in STRATA_SCORES.items()
        }
        for name, judged in strata.items()
        if judged is not None
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _with_interval(judged: Judged, path: tuple[str, ...]) -> str:
    found = judged.intervals.scores[path]
    written = words.score(found.value)
    return f"{written} ({_interval(judged, path)})" if not found.reason else written


def _interval(judged: Judged, path: tuple[str, ...]) -> str:
    found = judged.intervals.scores[path]
    return found.reason or f"{found.low:.3f} to {found.high:.3f}"


def beside_baseline(evaluation: Evaluation) -> pd.DataFrame:
    """The scores over all labels, and what predicting nothing reaches on the same slices, in words."""
    import pandas as pd

    run, nothing = evaluation.overall, evaluation.baseline
    rows = {
        "Micro-F1": ("micro", run.averages["micro"].f1, nothing.averages["micro"].f1),
        "Macro-F1": ("macro", run.averages["macro"].f1, nothing.averages["macro"].f1),
        "Binary accuracy": ("", run.binary_accuracy, nothing.binary_accuracy),
        "Subset accuracy": ("", run.subset_accuracy, nothing.subset_accuracy),
        "No finding, recall": ("recall", run.no_finding.recall, nothing.no_finding.recall),
        "No finding, precision": ("precision", run.no_finding.precision, nothing.no_finding.precision),
    }
    written = {}
    for name, (score, *values) in rows.items():
        row = "no finding" if name.startswith("No finding") else score
        written[name] = [words.score(value, undefined_reason(evaluation, row, score)) for value in values]
    return pd.DataFrame.from_dict(written, orient="index", columns=["This run", "Predict nothing"])


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
