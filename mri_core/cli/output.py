"""How commands speak: JSON on standard output, tables for people, progress on standard error."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from mri_core.documents.json_text import json_text
from mri_core.errors import InvalidInput

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]

# Into a file or a pipe, tables are as wide as they need to be.
console = Console(width=None if sys.stdout.isatty() else 500, soft_wrap=True, highlight=False)
messages = Console(stderr=True, soft_wrap=True, highlight=False)


def print_json(document: Any) -> None:
    """Print one JSON document; undefined numbers become null."""
    print(json_text(document), end="")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> None:
    """Print a table; numbers are aligned to the right. Values are shown as they are, never read as markup."""
    table = Table(title=title and Text(title), title_justify="left", box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for i, column in enumerate(columns):
        numeric = all(isinstance(row[i], (int, float)) or row[i] is None for row in rows)
        table.add_column(Text(column), justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(Text(cell(value)) for value in row))
    console.print(table)


def cell(value: Any) -> str:
    """A value in words: scores with three decimals, counts with thousands separators, undefined as such."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "undefined"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def check_out(out: Path, suffixes: Collection[str], option: str = "--out") -> None:
    """Refuse a file that could not be written before the work is done that would fill it."""
    if out.suffix.lower() not in suffixes or out.is_dir() or not out.parent.is_dir():
        raise InvalidInput(
            f"{option} is {out}, expected a file in a directory that exists, ending in {', '.join(suffixes)}"
        )


@contextmanager
def progress_bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with time left on standard error, where that is a terminal. Yields a function of (done, total)."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=messages, transient=True, disable=not messages.is_terminal) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
