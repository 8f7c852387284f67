"""Learning curves of several configurations as small multiples: a figure a configuration, a colour a seed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import plotly.graph_objects as go

from mri_core.charts.curves import MEASURES, overlay_figure
from mri_core.charts.theme import finish, literal
from mri_core.runs.run import Run

_HEIGHT = 290


def seed_curves(configurations: Mapping[str, Sequence[Run]], measure: str) -> dict[str, go.Figure]:
    """One figure a configuration that has runs with histories, all with the same axes.

    measure: of `MEASURES`. Validation is solid, training dashed; a star marks the best epoch.
    """
    drawn = {name: [run for run in runs if run.history] for name, runs in configurations.items()}
    drawn = {name: runs for name, runs in drawn.items() if runs}
    if not drawn:
        return {}
    runs = [run for several in drawn.values() for run in several]
    x = [1 - 0.3, max(len(run.history) for run in runs) + 0.3]
    y = [0, 1.04] if measure != "loss" else _range(_values(runs, measure))
    return {name: _figure(name, several, measure, x, y) for name, several in drawn.items()}


def _figure(name: str, runs: Sequence[Run], measure: str, x: list[float], y: list[float]) -> go.Figure:
    figure = overlay_figure([replace(run, name=f"seed {run.spec.seed}") for run in runs], measure)
    finish(figure, literal(name), "epoch", MEASURES[measure], _HEIGHT)
    figure.update_traces(line={"width": 1.5}, marker={"size": 4}, selector={"mode": "lines+markers"})
    figure.update_traces(marker={"size": 11}, selector={"mode": "markers"})
    figure.update_xaxes(range=x, dtick=None, nticks=8)
    figure.update_yaxes(range=y)
    return figure.update_layout(legend={"xref": "container", "x": 0, "yref": "container", "y": 0, "yanchor": "bottom"})


def _values(runs: Iterable[Run], measure: str) -> list[float]:
    found = [row.get(key) for run in runs for row in run.history for key in (measure, f"val_{measure}")]
    return [value for value in found if value is not None and math.isfinite(value)]


def _range(values: Sequence[float]) -> list[float]:
    """From the lowest to the highest with a margin; from 0 to 1 without values."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = 0.05 * (high - low) or 0.05
    return [low - margin, high + margin]
