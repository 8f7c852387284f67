"""The tables of a comparison: which numbers stand where, and what is said of them."""

from __future__ import annotations

import pytest
from ended_runs import LABELS, described, judged_runs
from sklearn.metrics import brier_score_loss, f1_score

from mri_core.charts import comparison_tables as tables
from mri_core.prediction.run_comparison import RunComparison, compare_runs

RUNS = [described(1), described(2, batch_size=32), described(3, seed=1), described(4, batch_size=32, seed=1)]
JUDGED = judged_runs(RUNS, (0, 0.4, 0, 0.4))


@pytest.fixture(scope="module")
def compared() -> RunComparison:
    return compare_runs(JUDGED)


@pytest.fixture(scope="module")
def pair() -> RunComparison:
    return compare_runs(JUDGED[:2])


def test_scores_stand_beside_each_other(pair: RunComparison) -> None:
    (comparison,) = pair.comparisons
    table = tables.differences_in_words(comparison)
    assert list(table.columns) == ["cnn 1", "cnn 2", "Difference (95 % interval)", "p", "cnn 2 is"]
    a, b = JUDGED[:2]
    values = [f1_score(one.predictions.truth[:, 1], one.predictions.probabilities[:, 1] >= 0.4) for one in (a, b)]
    row = table.loc["F1 of <b>two</b>"]
    assert list(row)[:2] == [f"{value:.3f}" for value in values]
    assert row.iloc[2].startswith(f"{values[1] - values[0]:+.3f} (+") and " to +" in row.iloc[2]
    assert row.iloc[4] == "better beyond chance"
    truth = a.predictions.truth
    losses = [
        sum(brier_score_loss(truth[:, i], one.predictions.probabilities[:, i]) for i in range(3)) / 3 for one in (a, b)
    ]
    brier = table.loc["Mean Brier score"]
    assert list(brier)[:2] == [f"{value:.3f}" for value in losses]
    assert brier.iloc[2].startswith("−") and brier.iloc[4] == "better beyond chance"
    assert list(table.loc["F1 of never"]) == ["undefined", "undefined", "undefined", "", ""]


def test_the_file_holds_all_comparisons(compared: RunComparison) -> None:
    table = tables.differences_table(compared.comparisons)
    scores = tables.compared_scores(compared.comparisons[0])
    assert len(table) == 3 * len(scores) and set(table["reference"]) == {"cnn 1"}
    row = table[(table["run"] == "cnn 4") & (table["score"] == "Micro-F1")].iloc[0]
    found = compared.comparisons[2].differences["averages", "micro", "f1"]
    assert (row["difference"], row["low"], row["p adjusted"]) == (found.value, found.low, found.adjusted_p)
    assert row["value"] - row["of reference"] == pytest.approx(row["difference"])


def test_the_answer_is_a_sentence(compared: RunComparison, pair: RunComparison) -> None:
    (comparison,) = pair.comparisons
    found = comparison.differences["averages", "micro", "f1"]
    answer = tables.answer_in_words(comparison)
    assert answer.startswith(
        f"cnn 2 is better than cnn 1 beyond chance: Micro-F1 {found.b:.3f} against {found.a:.3f}, "
    )
    assert answer.endswith(f"p {tables.p_in_words(found.adjusted_p)}.")
    back = compare_runs(JUDGED[1::-1]).comparisons[0]
    assert tables.answer_in_words(back).startswith("cnn 1 is worse than cnn 2 beyond chance: ")
    assert tables.answer_in_words(compared.comparisons[1]).startswith("cnn 3 and cnn 1 are not told apart: ")


def test_a_run_beside_its_equal_says_why_there_is_no_interval() -> None:
    same = compare_runs(judged_runs([described(1), described(2)], (0, 0))).comparisons[0]
    assert tables.answer_in_words(same).endswith(
        "the interval of the difference is undefined (every resample gives the same score)."
    )
    assert "0.000 (undefined" in tables.differences_in_words(same).loc["Micro-F1"].iloc[2]


def test_where_the_intervals_come_from(compared: RunComparison) -> None:
    resampling = compared.comparisons[0].resampling
    assert "draws the same patients (40)" in tables.resampling_in_words(resampling, 1)
    assert "Holm" not in tables.resampling_in_words(resampling, 1)
    assert "adjusted by Holm for 3 comparisons" in tables.resampling_in_words(resampling, 3)


def test_reclassified_slices_are_counted(pair: RunComparison) -> None:
    (comparison,) = pair.comparisons
    table = tables.reclassified_in_words(comparison)
    assert list(table.index) == [*LABELS, tables.WHOLE]
    a, b = JUDGED[:2]
    right_a, right_b = ((one.predictions.probabilities >= one.thresholds) == one.predictions.truth for one in (a, b))
    only_a, only_b = right_a & ~right_b, right_b & ~right_a
    row = table.loc["label 1"]
    assert list(row)[:2] == [only_a[:, 0].sum(), only_b[:, 0].sum()]
    assert row.iloc[2] == f"{(only_b[:, 0].sum() - only_a[:, 0].sum()) / 2.4:+.1f} %"
    whole = table.loc[tables.WHOLE]
    assert whole.iloc[1] == (right_b.all(axis=1) & ~right_a.all(axis=1)).sum()
    assert whole.iloc[4] == "better beyond chance" and "patient" in whole.iloc[5]


def test_settings_that_differ() -> None:
    table = tables.settings_in_words(RUNS[:2])
    assert table.loc["Batch size"].to_dict() == {"cnn 1": "64", "cnn 2": "32"}
    assert list(table.index) == ["Batch size"]
    assert tables.settings_in_words([RUNS[0], described(9)]).empty


def test_seeds_are_folded(compared: RunComparison) -> None:
    table = tables.seeds_in_words(compared)
    assert list(table.columns) == ["cnn 1, cnn 3", "cnn 2, cnn 4", "cnn 2, cnn 4: difference"]
    folded = compared.configurations[1]
    spread = folded.scores["averages", "micro", "f1"]
    assert table.loc["Micro-F1"].iloc[1] == f"{spread.mean:.3f} ± {spread.deviation:.3f}"
    assert folded.differences is not None
    found = folded.differences["averages", "micro", "f1"]
    assert table.loc["Micro-F1"].iloc[2].startswith(f"{found.spread.mean:+.3f} ({found.low:+.3f} to ")
    assert list(table.loc["F1 of never"]) == ["undefined"] * 3


def test_configurations_with_other_seeds_have_no_difference() -> None:
    compared = compare_runs([JUDGED[0], JUDGED[1], JUDGED[3]])
    assert list(tables.seeds_in_words(compared).columns) == ["cnn 1", "cnn 2, cnn 4"]
    assert tables.seeds_in_words(compared).loc["Micro-F1"].iloc[0].count("±") == 0


@pytest.mark.parametrize(
    ("value", "said"), [(0.0004, "< 0.001"), (0.0011, "0.001"), (1.0, "1.000"), (float("nan"), "")]
)
def test_p_values(value: float, said: str) -> None:
    assert tables.p_in_words(value) == said
