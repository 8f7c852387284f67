"""Tables as CSV that a spreadsheet shows and never runs.

A spreadsheet takes a cell that begins with one of a few characters for a formula, wherever the file came from; labels,
patients and files are called what strangers call them (OWASP, "CSV Injection"). Every CSV of the program is made here.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# Wide forms too, which East Asian keyboards type and some spreadsheets read alike; and blanks before, which some drop.
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠]")
_BREAK = re.compile("\r\n?")


def safe_cell(value: Any) -> Any:
    """A text that would be taken for a formula, behind an apostrophe, which makes it text; all else as it is.

    Numbers are no text: a negative one stays a number. Line breaks become those that are quoted: a spreadsheet ends the
    row at a carriage return, which is not, and what follows would be another cell.
    """
    if not isinstance(value, str):
        return value
    text = _BREAK.sub("\n", value)
    return f"'{text}" if _FORMULA.match(value) else text


def csv_text(table: pd.DataFrame, index_label: str | None = None) -> str:
    """A table as CSV, its text and the names of its columns safe. index_label: titles the index, left out without."""
    from pandas.api.types import is_numeric_dtype

    safe = table.copy(deep=False)
    for place, kind in enumerate(table.dtypes):
        if not is_numeric_dtype(kind):
            safe.isetitem(place, table.iloc[:, place].astype(object).map(safe_cell).to_numpy())
    safe.columns = table.columns.map(safe_cell)
    safe.index = table.index.map(safe_cell)
    return safe.to_csv(index=index_label is not None, index_label=index_label)


def csv_lines(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """As `csv_text`, of rows that come one after another and need not be in memory at once."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerows([safe_cell(cell) for cell in row] for row in chain([titles], rows))
    return held.getvalue()
