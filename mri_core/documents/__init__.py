"""Documents: facts as plain data, written as one self-contained HTML file or as Markdown.

A document is data (`parts.py`) and says nothing of how it looks; `render` and `render_markdown` write it. All text in
it is taken literally: nothing a user named is ever read as markup.
"""

from mri_core.documents.file import write_file
from mri_core.documents.html import render
from mri_core.documents.markdown import render_markdown
from mri_core.documents.parts import (
    Badge,
    Cell,
    Code,
    Column,
    Document,
    Facts,
    Figure,
    Gallery,
    Grid,
    Note,
    Part,
    Picture,
    Section,
    Table,
    Text,
    Value,
    plain,
)

__all__ = [
    "Badge",
    "Cell",
    "Code",
    "Column",
    "Document",
    "Facts",
    "Figure",
    "Gallery",
    "Grid",
    "Note",
    "Part",
    "Picture",
    "Section",
    "Table",
    "Text",
    "Value",
    "plain",
    "render",
    "render_markdown",
    "write_file",
]
