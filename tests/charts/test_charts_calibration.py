"""The reliability figure and the tables beside it: what is drawn is what was counted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest
from sklearn.metrics import brier_score_loss

from mri_core.charts import calibration_tables as tables
from mri_core.charts.calibration import reliability_figure
from mri_core.charts.theme import PALETTE
from mri_core.evaluation.calibration import fit_calibrations
from mri_core.evaluation.calibration_effect import Effects, calibration_effects
from mri_core.evaluation.calibrators import CALIBRATORS
from mri_core.evaluation.predictions import Predictions

NAMES = ("<b>one</b>", "*two*")


@pytest.fixture(scope="module")
def stored() -> Predictions:
    rng = np.random.default_rng(7)
    logits = rng.normal(0, 1.5, (3000, 2))
    truth = (rng.random(logits.shape) < expit(logits)).astype(np.uint8)
    return Predictions(np.arange(3000).astype(str), truth, expit(3 * logits), NAMES)


@pytest.fixture(scope="module")
def fitted(stored: Predictions):
    return fit_calibrations(stored)[0]


@pytest.fixture(scope="module")
def effects(stored: Predictions, fitted) -> Effects:
    return calibration_effects(stored, {NAMES[0]: fitted[NAMES[0]]})


def by_name(figure, name: str):
    curve, strip = (trace for trace in figure.data if trace.name == name)
    return curve, strip


def test_the_figure_shows_shares_intervals_and_counts(stored: Predictions, effects: Effects) -> None:
    effect = effects.labels[NAMES[0]]
    figure = reliability_figure(NAMES[0], effect.before, PALETTE[0], effect.after)
    assert figure.layout.title.text == "Reliability of &lt;b&gt;one&lt;/b&gt;"
    assert figure.layout.xaxis.title.text and figure.layout.yaxis.title.text and figure.layout.yaxis2.title.text
    curve, strip = by_name(figure, "before")
    truth, scores = stored.truth[:, 0], stored.probabilities[:, 0]
    edges = [*effect.before.curve.lower, 1.0]
    rows = (scores > edges[3]) & (scores <= edges[4])
    assert curve.x[3] == pytest.approx(scores[rows].mean()) and curve.y[3] == pytest.approx(truth[rows].mean())
    expected = binomtest(int(truth[rows].sum()), int(rows.sum())).proportion_ci(method="wilson")
    assert curve.y[3] + curve.error_y.array[3] == pytest.approx(expected.high)
    assert curve.y[3] - curve.error_y.arrayminus[3] == pytest.approx(expected.low)
    assert strip.y[3] == rows.sum() and sum(strip.y) == 3000
    assert strip.yaxis == "y2" and not strip.showlegend
    after, _ = by_name(figure, "after")
    assert after.line.dash != curve.line.dash and after.marker.symbol != curve.marker.symbol
    assert abs(np.subtract(after.x, after.y)).max() < abs(np.subtract(curve.x, curve.y)).max()


def test_without_a_calibration_there_is_one_curve(effects: Effects) -> None:
    figure = reliability_figure(NAMES[1], effects.labels[NAMES[1]].before, PALETTE[1])
    names = {trace.name for trace in figure.data}
    assert "after" not in names and "before" not in names and len(figure.data) == 3


def test_one_label_in_words(stored: Predictions, effects: Effects) -> None:
    table = tables.effect_in_words({"Validation": effects.labels[NAMES[0]], "Test": effects.labels[NAMES[1]]})
    assert list(table.index) == ["Validation, before", "Validation, after", "Test, before"]
    for row, column in (("Validation, before", 0), ("Test, before", 1)):
        expected = brier_score_loss(stored.truth[:, column], stored.probabilities[:, column])
        assert table.loc[row, "Brier score"] == f"{expected:.4f}"
    assert float(table.loc["Validation, after", "ECE"]) < float(table.loc["Validation, before", "ECE"])


def test_all_labels_as_numbers(effects: Effects) -> None:
    table = tables.effects_table({"validation": effects})
    assert table[["Label", "Calibration"]].to_numpy().tolist() == [
        [NAMES[0], "before"],
        [NAMES[0], "after"],
        [NAMES[1], "before"],
        [tables.POOLED, "before"],
        [tables.POOLED, "after"],
    ]
    assert table["ECE"].iloc[1] == effects.labels[NAMES[0]].after.curve.expected_calibration_error


def test_every_kind_has_a_title_and_its_loss(fitted) -> None:
    assert list(tables.KINDS) == list(CALIBRATORS)
    table = tables.compared_in_words(fitted)
    row = table.loc[r"\*two\*"]
    for kind, title in tables.KINDS.items():
        assert row[title] == f"{fitted['*two*'].compared[kind]:.4f}"
    assert row["Chosen"] == tables.KINDS[fitted["*two*"].kind]
    assert r"\*two\*: " in tables.kinds_in_words(fitted)
