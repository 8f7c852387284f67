"""The forms a card can be written in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mri_core.card.card import Card
from mri_core.card.json_document import card_json
from mri_core.card.page import card_document
from mri_core.documents import render, render_markdown
from mri_core.documents.json_text import json_text


def as_html(card: Card) -> str:
    """One file that needs nothing beside it."""
    return render(card_document(card))


def as_markdown(card: Card) -> str:
    """Text and tables, without figures and pictures."""
    return render_markdown(card_document(card))


def as_json(card: Card) -> str:
    return json_text(card_json(card))


FORMS: Mapping[str, Callable[[Card], str]] = {".html": as_html, ".md": as_markdown, ".json": as_json}
"""A file's suffix -> what writes its text."""
