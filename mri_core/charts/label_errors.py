"""A disputed slice to a figure: the labels it is given beside what the networks say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from mri_core.charts.theme import NO_FINDING, finish, literal

if TYPE_CHECKING:
    from mri_core.prediction.run_label_errors import Suspect


def given_and_said(suspect: Suspect, colours: Mapping[str, str]) -> go.Figure:
    """A bar a label with its probability, and a mark at 1 where the label is given, at 0 where it is not.

    The further the mark lies from the end of its bar, the more the label is doubted. colours: label -> its own.
    """
    labels, values = list(suspect.probabilities), list(suspect.probabilities.values())
    names = [literal(label) for label in labels]
    given = [1 if label in suspect.labels else 0 for label in labels]
    figure = go.Figure(
        go.Bar(
            y=names,
            x=values,
            orientation="h",
            width=0.55,
            marker_color=[colours[label] for label in labels],
            name="probability",
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
            showlegend=False,
        )
    )
    figure.add_scatter(
        y=names,
        x=given,
        mode="markers",
        marker={"symbol": "diamond", "size": 13, "color": NO_FINDING, "line": {"width": 1, "color": "white"}},
        name="label as it is given: 1 on, 0 off",
        hovertemplate="given as %{x}<extra></extra>",
        cliponaxis=False,
    )
    finish(figure, "Given labels and the networks' probabilities", "probability", "", height=130 + 50 * len(names))
    # The numbers stand in one column in the margin, clear of the marks.
    for name, value in suspect.probabilities.items():
        text = f"{value:.3f}{', in doubt' if name in suspect.doubted else ''}"
        place = {"xref": "paper", "x": 1.02, "xanchor": "left", "y": literal(name)}
        figure.add_annotation(text=text, showarrow=False, **place)
    figure.update_layout(hovermode="closest", legend={"y": -0.35}, margin_r=100)
    figure.update_xaxes(range=[-0.05, 1.05], tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_yaxes(autorange="reversed", title=None)
    return figure
