"""Markdown: text is taken literally, tables are GitHub's, figures are left out."""

from itertools import pairwise

import plotly.graph_objects as go
import pytest
from markdown_it import MarkdownIt

from mri_core.documents import (
    Badge,
    Code,
    Column,
    Document,
    Facts,
    Figure,
    Note,
    Part,
    Section,
    Table,
    Text,
    Value,
    render_markdown,
)

HOSTILE = [
    "</script><img src=x onerror=alert(1)>", "| a | b", "*a* _b_ `c` [d](e) ~~f~~ $g$", "# no heading", "- no list",
    "1. no list", "2) no list", "+ x", "=== ", "&lt; &amp;", "back\\slash", "two\n\nparagraphs",
]  # fmt: skip


def document(*parts: Part, text: str = "Title") -> Document:
    return Document(text, text, (Section(text, parts),), text)


def seen(markdown: str) -> list[tuple[str, str]]:
    """What a reader of Markdown makes of it: every text with the element that holds it; markup within is a fault."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    found = []
    for opening, token in pairwise(tokens):
        if token.type == "inline":
            assert all(
                child.type in ("text", "text_special", "strong_open", "strong_close") for child in token.children
            )
            found.append((opening.type, "".join(child.content for child in token.children)))
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_never_markup(text: str) -> None:
    table = Table((Column(text),), ((text,), (Value(text, text),)), text)
    shown = seen(render_markdown(document(Text(text), Note(text), Facts(((text, text),)), table, text=text)))
    once = " ".join(text.split())
    assert shown == [
        ("heading_open", once), ("paragraph_open", once), ("heading_open", once), ("paragraph_open", once),
        ("paragraph_open", once), ("paragraph_open", f"{once}: {once}"), ("paragraph_open", once), ("th_open", once),
        ("td_open", once), ("td_open", f"{once} {once}"), ("paragraph_open", once),
    ]  # fmt: skip


def test_tables_code_and_what_is_left_out() -> None:
    columns = (Column("label"), Column("here", numeric=True, group="F1"), Column("study", numeric=True, group="F1"))
    table = Table((*columns, Column("verdict")), (("a", "0.9", "0.8", Badge("undecided", "open", "few")),))
    parts = (table, Code("a ``` b\nc"), Figure(go.Figure()))
    assert render_markdown(Document("T", "L", (Section("S", parts), Section("Curves", parts[2:])))) == (
        "# T\n\nL\n\n## S\n\n"
        "| label | F1 | study | verdict |\n| --- | ---: | ---: | --- |\n| a | 0.9 | 0.8 | undecided: few |\n\n"
        "````\na ``` b\nc\n````\n"
    )
