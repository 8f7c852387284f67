"""The vocabulary of documents."""

import plotly.graph_objects as go
import pytest

from mri_core.documents import Badge, Column, Document, Figure, Grid, Section, Table, Text, Value, plain


def test_a_row_needs_a_cell_for_each_column() -> None:
    with pytest.raises(ValueError, match="a row has 1 cells, expected one for each of 2 columns"):
        Table((Column("a"), Column("b")), (("1", "2"), ("3",)))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("a", "a"),
        (Value("0.9", "± 0.1"), "0.9 ± 0.1"),
        (Value("0.9"), "0.9"),
        (Badge("undecided", "open", "too few"), "undecided: too few"),
        (Badge("reproduced", "good"), "reproduced"),
    ],
)
def test_a_cell_in_one_line(cell, text: str) -> None:
    assert plain(cell) == text


def test_neighbouring_columns_share_a_heading() -> None:
    columns = (Column("name"), Column("here", group="F1"), Column("study", group="F1"), Column("here", group="Recall"))
    table = Table(columns, ())
    assert table.groups == [("", 1), ("F1", 2), ("Recall", 1)]
    assert table.titles == ["name", "F1", "study", "Recall"]
    assert Table(columns[:1], ()).groups == []


def test_a_document_knows_its_figures_in_order() -> None:
    first, second, third = (Figure(go.Figure()) for _ in range(3))
    document = Document("t", "l", (Section("a", (Text("x"), first)), Section("b", (Grid("g", (second, third)),))))
    assert document.figures == [first, second, third]
