"""A document as Markdown (CommonMark with GitHub's tables), without its figures and pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mri_core.documents.parts import Cell, Code, Document, Facts, Note, Part, Section, Table, Text, plain

_MEANT = re.compile(r"([\\`*_\[\]<>&|~$])")
_MARKED = re.compile(r"^([#+=-])")
_NUMBERED = re.compile(r"^(\d+)([.)])")


def render_markdown(document: Document) -> str:
    """The document as Markdown. Figures and galleries are left out, and sections that hold nothing else."""
    blocks = [f"# {_inline(document.title)}", _text(document.lead)]
    for section in document.sections:
        blocks += _section(section)
    return "\n\n".join([*blocks, _text(document.footer)]).rstrip() + "\n"


def _section(section: Section) -> list[str]:
    blocks = [block for part in section.parts if (block := _part(part))]
    return [f"## {_inline(section.title)}", *blocks] if blocks else []


def _part(part: Part) -> str:
    match part:
        case Text(text):
            return _text(text)
        case Note(text):
            return f"> {_text(text)}"
        case Code(text):
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
            return f"{fence}\n{text}\n{fence}"
        case Facts(rows):
            return "\n".join(f"- {_text(name)}: {_inline(value)}" for name, value in rows)
        case Table():
            return _table(part)
    return ""


def _table(table: Table) -> str:
    rule = ["---:" if column.numeric else "---" for column in table.columns]
    lines = [_row(table.titles), f"| {' | '.join(rule)} |", *(_row(row) for row in table.rows)]
    return "\n".join([f"**{_inline(table.caption)}**\n"] * bool(table.caption) + lines)


def _row(cells: Sequence[Cell]) -> str:
    return f"| {' | '.join(_inline(plain(cell)) for cell in cells)} |"


def _text(text: str) -> str:
    """A paragraph that is not taken for a heading, a list or a rule either."""
    return _NUMBERED.sub(r"\1\\\2", _MARKED.sub(r"\\\1", _inline(text)))


def _inline(text: str) -> str:
    """Text on one line, with every character escaped that Markdown would read as more than itself."""
    return _MEANT.sub(r"\\\1", " ".join(text.split()))
