"""The figures about failures hold the numbers they are drawn from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mri_core.charts.failures import error_rate_figure, label_set_figure
from mri_core.evaluation.failures import error_by, label_set_confusion
from mri_core.evaluation.proportion import wilson

NAMES = ("tumour", "<b>edema</b>", "no finding")
TRUTH = np.array([[0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 0], [0, 0, 1], [1, 1, 1]])
PREDICTED = np.array([[0, 0, 0], [0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 1]])


def test_cells_are_the_cross_table_with_shares_of_the_rows() -> None:
    confusion = label_set_confusion(TRUTH, PREDICTED, NAMES)
    [heat] = label_set_figure(confusion).data
    true, called = (
        pd.Series([tuple(name for name, on in zip(NAMES, row, strict=True) if on) for row in rows])
        for rows in (TRUTH, PREDICTED)
    )
    for i, one in enumerate(confusion.sets):
        for j, other in enumerate(confusion.sets):
            expected = int(((true == one) & (called == other)).sum())
            if not expected:
                assert heat.z[i][j] is None and heat.text[i][j] == ""
                continue
            share = expected / (true == one).sum()
            assert heat.text[i][j] == f"{expected}<br>{100 * share:.1f} %"
            assert heat.z[i][j] == pytest.approx(share if i == j else -share)


def test_sets_put_together_are_neither_right_nor_wrong() -> None:
    confusion = label_set_confusion(TRUTH, PREDICTED, NAMES, most=1)
    figure = label_set_figure(confusion)
    [heat] = figure.data
    assert confusion.other and figure.layout.yaxis.ticktext[-1] == "any other set"
    assert heat.z[-1][-1] == 0 and heat.text[-1][-1].startswith(str(confusion.counts[-1, -1]))
    assert "together" in heat.customdata[-1][-1] and "together" not in heat.customdata[0][0]


def test_names_are_shown_as_they_are_and_stay_apart() -> None:
    confusion = label_set_confusion(TRUTH, PREDICTED, NAMES)
    figure = label_set_figure(confusion)
    ticks = figure.layout.yaxis.ticktext
    assert "tumour<br>+ &lt;b&gt;edema&lt;/b&gt;" in ticks
    assert list(ticks).count("no finding") == 2  # the empty set, and a label of that name
    assert list(figure.layout.yaxis.tickvals) == list(range(len(ticks)))


def test_long_names_are_cut_at_the_axes_only() -> None:
    long = "a very long name of a finding"
    confusion = label_set_confusion(TRUTH[:, :1], PREDICTED[:, :1], (long,))
    figure = label_set_figure(confusion)
    assert figure.layout.xaxis.ticktext[1].endswith("…") and len(figure.layout.xaxis.ticktext[1]) < len(long)
    assert long in figure.data[0].customdata[1][1]


def test_bins_are_drawn_with_their_intervals() -> None:
    random = np.random.default_rng(3)
    values, wrong = random.normal(size=500), random.random(500) < 0.2
    values[:20] = np.nan
    table = error_by(values, wrong, bins=5)
    figure = error_rate_figure(table, "Errors", "position (mm)")
    [bins] = figure.data
    known = table[:-1]
    assert len(bins.x) == 5
    assert list(bins.y) == pytest.approx(list(100 * known["wrong"] / known["slices"]))
    low, high = wilson(known["wrong"], known["slices"])
    assert list(bins.y + bins.error_y.array) == pytest.approx(list(100 * high))
    assert list(bins.y - bins.error_y.arrayminus) == pytest.approx(list(100 * low))
    assert list(bins.x - bins.error_x.array) == pytest.approx(list(known["low"]))
    levels = {shape.name: shape.y0 for shape in figure.layout.shapes}
    assert levels[f"all slices, {100 * wrong.mean():.1f} % of 500"] == pytest.approx(100 * wrong.mean())
    assert levels[f"unknown, {100 * wrong[:20].mean():.1f} % of 20"] == pytest.approx(100 * wrong[:20].mean())
    assert f"{known['wrong'][0]} of {known['slices'][0]} slices wrong" in bins.hovertext[0]
    assert (figure.layout.title.text, figure.layout.xaxis.title.text) == ("Errors", "position (mm)")


def test_few_values_have_a_tick_each() -> None:
    figure = error_rate_figure(error_by([0, 1, 1, 3], [True, False, True, False]), "Errors", "labels")
    assert list(figure.layout.xaxis.tickvals) == [0, 1, 3] and list(figure.data[0].y) == [100, 50, 0]


@pytest.mark.parametrize(("values", "wrong"), [([], []), ([np.nan] * 3, [True, False, False])])
def test_nothing_known_draws_an_empty_chart(values: list[float], wrong: list[bool]) -> None:
    figure = error_rate_figure(error_by(values, wrong), "Errors", "position")
    assert not len(figure.data[0].x) and len(figure.layout.shapes) == (2 if values else 0)
