"""What a document is made of. All text is plain: it is shown as it is, whatever characters it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import plotly.graph_objects as go

Tone = Literal["good", "bad", "open"]


@dataclass(frozen=True)
class Value:
    """A number as it is written, with what belongs to it, such as its interval, in smaller type."""

    text: str
    detail: str = ""


@dataclass(frozen=True)
class Badge:
    """A finding in a word or two. Its tone is shown by a sign and a colour, never by the colour alone."""

    text: str
    tone: Tone
    detail: str = ""


Cell: TypeAlias = str | Value | Badge


def plain(cell: Cell) -> str:
    """A cell in one line of text."""
    if isinstance(cell, str):
        return cell
    return f"{cell.text}{': ' if isinstance(cell, Badge) else ' '}{cell.detail}" if cell.detail else cell.text


@dataclass(frozen=True)
class Column:
    """A column of a table. numeric: aligned to the right. group: neighbours with the same one share a heading."""

    title: str
    numeric: bool = False
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows. rows: one cell a column. Raises ValueError for a row that is not."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""

    def __post_init__(self) -> None:
        if wrong := [row for row in self.rows if len(row) != len(self.columns)]:
            raise ValueError(f"a row has {len(wrong[0])} cells, expected one for each of {len(self.columns)} columns")

    @property
    def groups(self) -> list[tuple[str, int]]:
        """The headings above the columns' own and how many columns each spans; empty when no column has one."""
        spans = [(group, len(list(columns))) for group, columns in groupby(self.columns, lambda column: column.group)]
        return spans if any(group for group, _ in spans) else []

    @property
    def titles(self) -> list[str]:
        """The columns' headings where there is room for one line only: the first of a group has the group's."""
        groups = ["", *(column.group for column in self.columns)]
        return [
            column.group if column.group and column.group != before else column.title
            for before, column in zip(groups, self.columns, strict=False)
        ]


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Note:
    """A paragraph that must not be overlooked."""

    text: str


@dataclass(frozen=True)
class Code:
    """Commands or code, line for line."""

    text: str


@dataclass(frozen=True)
class Facts:
    """Names and their values, one a line."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Figure:
    """A Plotly figure, as wide as its place."""

    figure: go.Figure
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Grid:
    """Small multiples: figures beside each other under one title, as many in a row as there is room for."""

    title: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Picture:
    """A slice as a PNG, shown on black and never smoothed. caption: one or more lines."""

    png: bytes
    caption: str


@dataclass(frozen=True)
class Gallery:
    """Pictures beside each other."""

    pictures: tuple[Picture, ...]
    caption: str = ""


Part: TypeAlias = Text | Note | Code | Facts | Table | Figure | Grid | Gallery


@dataclass(frozen=True)
class Section:
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Document:
    """lead: what the document answers, in one or two sentences. footer: where it comes from."""

    title: str
    lead: str
    sections: tuple[Section, ...]
    footer: str = ""

    @property
    def figures(self) -> list[Figure]:
        """Every figure, in the order in which they are shown."""
        return [figure for section in self.sections for part in section.parts for figure in _figures(part)]


def _figures(part: Part) -> Sequence[Figure]:
    match part:
        case Figure():
            return (part,)
        case Grid(figures=figures):
            return figures
    return ()
