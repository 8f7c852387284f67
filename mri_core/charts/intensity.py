"""Intensities of a slice as a chart."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from mri_core.charts.theme import NO_FINDING, finish

_MEAN = "#6B7F99"  # seen in both themes, and of no label's colour


def intensity_histogram(counts: Sequence[int], mean: float) -> go.Figure:
    """Pixels at each intensity, with the mean marked. counts: 256 numbers, for intensities 0 to 255.

    The axis is cut at the most frequent intensity above 0, because the black around the head would flatten all others;
    hovering shows every count.
    """
    figure = go.Figure(
        go.Bar(
            x=list(range(len(counts))),
            y=list(counts),
            marker={"color": NO_FINDING, "line": {"width": 0}},
            hovertemplate="%{y:,} pixels of intensity %{x}<extra></extra>",
        )
    )
    finish(figure, "Intensities", "intensity (0–255)", "pixels", height=260)
    figure.add_vline(x=mean, line={"dash": "dot", "width": 1.5, "color": _MEAN}, annotation_text=f"mean {mean:.1f}")
    figure.update_layout(hovermode="closest", showlegend=False, bargap=0)
    figure.update_xaxes(range=[-2, 257])
    figure.update_yaxes(range=[0, 1.15 * max(max(counts[1:]), 1)])
    return figure
