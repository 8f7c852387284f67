"""CSV that a spreadsheet shows: read back, it is the table, with an apostrophe before what would be run."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest

from mri_core.csv_text import csv_lines, csv_text, safe_cell

FORMULAS = ("=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "＝1+1", "－1", "-", '=HYPERLINK("a","b")')
HARMLESS = ("", "a=b", "1-2", "label 1", "'=1", "é", "a@b", "a,b", 'a"b', "a\nb")


def back(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("value", FORMULAS)
def test_a_formula_becomes_text(value: str) -> None:
    table, text = pd.DataFrame({value: [value]}, index=[value]), "'" + value.replace("\r", "\n")
    assert back(csv_text(table)) == [[text]] * 2
    assert back(csv_text(table, "of")) == [["of", text], [text] * 2]
    assert back(csv_lines([value], [[value]])) == [[text]] * 2


@pytest.mark.parametrize("value", HARMLESS)
def test_other_text_stays(value: str) -> None:
    assert safe_cell(value) == value
    assert back(csv_text(pd.DataFrame({"a": [value], "b": ["x"]})))[1] == [value, "x"]


@pytest.mark.parametrize("value", ["a\r=1", "a\r\n=1", "a\n=1", 'a",=1', "a,=1"])
def test_no_text_ends_its_cell(value: str) -> None:
    """Also where a row ends at a carriage return alone, as it does in a spreadsheet."""
    for text in (csv_text(pd.DataFrame({"name": [value]})), csv_lines(["name"], [[value]])):
        assert [len(row) for row in csv.reader(io.StringIO(text))] == [1, 1]


def test_numbers_stay_numbers() -> None:
    table = pd.DataFrame(
        {
            "float": [-1.5, np.nan],
            "count": [-2, 3],
            "bool": [True, False],
            "mixed": [-3.5, "-x"],
            "kind": pd.Categorical(["-a", "b"]),
            "few": pd.array([-1, None], dtype="Int64"),
            "text": pd.array(["=a", None], dtype="string"),
        }
    )
    before = table.copy()
    assert back(csv_text(table))[1:] == [
        ["-1.5", "-2", "True", "-3.5", "'-a", "-1", "'=a"],
        ["", "3", "False", "'-x", "b", "", ""],
    ]
    pd.testing.assert_frame_equal(table, before)
    assert back(csv_lines(["a"], [[-1], [None]])) == [["a"], ["-1"], [""]]


def test_a_table_without_rows_has_its_titles() -> None:
    assert csv_text(pd.DataFrame({"=a": []})) == "'=a\n"


def test_harmless_tables_are_as_pandas_writes_them() -> None:
    table = pd.DataFrame({"a": [1.25, 1e-9], "b": ["x,y", 'z"'], "c": pd.to_datetime(["2026-01-02 03:04:05"] * 2)})
    assert csv_text(table) == table.to_csv(index=False)
    assert csv_text(table, "row") == table.to_csv(index_label="row")
