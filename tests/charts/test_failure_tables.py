"""Tables about failures: the numbers that the charts are drawn from, and what is said in words."""

from __future__ import annotations

import numpy as np

from mri_core.charts import failure_tables as tables
from mri_core.evaluation.comparison import Difference
from mri_core.evaluation.failures import error_by, label_set_confusion
from mri_core.evaluation.hierarchy import REPAIRS, find_hierarchy, inconsistencies
from mri_core.evaluation.intervals import Resampling
from mri_core.prediction.run_consistency import Consistency, Repaired
from mri_core.prediction.run_failures import JudgedSlice

NAMES = ("tumour", "*core*", "never")


def consistency() -> Consistency:
    """Of 40 slices with a core all carry a tumour; the core is predicted on 30 of 50 slices, 6 times without it."""
    truth = np.zeros((100, 3), dtype=int)
    truth[:60, 0] = truth[:40, 1] = 1
    hierarchy = find_hierarchy(truth, NAMES)
    predicted = np.zeros((50, 3), dtype=bool)
    predicted[:30, 1] = predicted[6:40, 0] = True
    better = Difference(0.8, 0.85, 0.05, 0.01, 0.09, 0.02, 0.04)
    unsure = Difference(0.7, 0.7, 0.0, np.nan, np.nan, np.nan, np.nan, "undefined (one patient)")
    repaired = Repaired(7, 0, {"micro_f1": better, "macro_f1": unsure})
    return Consistency(
        hierarchy, inconsistencies(predicted, hierarchy), 50, 6, {"raise parents": repaired},
        Resampling("patient", 12, 2000, 0),
    )  # fmt: skip


def test_label_sets_are_counted_pair_by_pair() -> None:
    truth, predicted = np.array([[0, 0], [0, 0], [1, 1], [1, 0]]), np.array([[0, 0], [1, 0], [1, 1], [1, 1]])
    table = tables.label_set_table(label_set_confusion(truth, predicted, ("a", "b")))
    assert {tuple(row) for row in table.itertuples(index=False)} == {
        ("no finding", "no finding", 1, 0.5), ("no finding", "a", 1, 0.5), ("a + b", "a + b", 1, 1.0),
        ("a", "a + b", 1, 1.0),
    }  # fmt: skip


def test_error_rates_stand_one_under_the_other() -> None:
    one, two = error_by([1, 2], [True, False]), error_by([5, 5, np.nan], [True, False, True])
    table = tables.error_rate_table({"position": one, "mean intensity": two})
    assert table["by"].tolist() == ["position"] * len(one) + ["mean intensity"] * len(two)
    assert table["wrong"].tolist() == [*one["wrong"], *two["wrong"]] and table.columns[0] == "by"
    assert [tables.span(row.low, row.high) for row in table.itertuples()] == ["1", "2", "5", "unknown"]
    assert tables.in_percent(one)["rate"].tolist() == [100.0, 0.0] and one["rate"].tolist() == [1.0, 0.0]
    assert tables.span(-0.5, 1234.56) == "-0.5 to 1235"


def test_slices_have_a_column_for_every_probability() -> None:
    one = JudgedSlice(0, "s1", None, None, (), ("a", "b"), {"a": 0.9, "b": 0.6}, {"a": 0.5, "b": 0.5}, 1.6, "a")
    [row] = tables.slices_table([one]).to_dict("records")
    assert row == {
        "id": "s1", "patient": None, "truth": "no finding", "predicted": "a + b", "loss": 1.6, "probability/a": 0.9,
        "probability/b": 0.6,
    }  # fmt: skip


def test_the_tree_is_an_outline() -> None:
    table = tables.tree_in_words(consistency())
    tumour, core, never = table.index
    assert (tumour, never) == ("tumour", "never") and core.endswith(r"└" + "\u2002" + r"\*core\*")
    assert table.loc[core].tolist()[:3] == ["40", "100.0 %", "30"]
    assert table.loc[core].iloc[3].startswith("6, 20.0 % (")
    assert table.loc[tumour].tolist() == ["60", "–", "–", "–"]


def test_a_child_predicted_nowhere_has_no_share() -> None:
    found = consistency()
    nowhere = inconsistencies(np.zeros((50, 3), dtype=bool), found.hierarchy)
    table = tables.tree_in_words(Consistency(found.hierarchy, nowhere, 50, 0, {}, None))
    assert table.iloc[1]["Without its parent"] == "undefined (predicted nowhere)"


def test_repairs_in_words_and_in_numbers() -> None:
    found = consistency()
    table = tables.repairs_in_words(found)
    assert table.iloc[0].tolist() == ["–", "6", "0.800", "0.700"]
    assert table.iloc[1].tolist() == [
        "7", "0", "0.850, +0.050 (+0.010 to +0.090)", "0.700, 0.000, interval undefined (one patient)",
    ]  # fmt: skip
    numbers = tables.repairs_table(found).set_index("score")
    assert numbers.loc["micro_f1", ["before", "after", "low"]].tolist() == [0.8, 0.85, 0.01]
    assert numbers["inconsistent_after"].tolist() == [0, 0]
    said = tables.repairs_resampled(found)
    assert "12 patients, 2,000 resamples" in said and "Nothing of this is stored" in said


def test_a_score_that_is_undefined_gives_its_reason() -> None:
    nan = float("nan")
    undefined = Difference(nan, nan, nan, nan, nan, nan, nan, "undefined (no positives)")
    assert tables.changes_in_words(Repaired(3, 0, {"micro_f1": undefined})) == ["undefined (no positives)"]
    assert tables.changes_in_words(Repaired(0, 0, {"micro_f1": undefined})) == ["no change"]


def test_every_repair_has_words() -> None:
    assert set(tables.REPAIRS_IN_WORDS) == set(REPAIRS)
