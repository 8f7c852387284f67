"""A document as one HTML file that needs nothing beside it: no network, readable in both themes, printable.

Text is escaped by the template engine, always; the figures' data is escaped against ending its script element. A
content security policy (W3C, "Content Security Policy Level 3") lets only the scripts run that were written here,
known by their hashes, and nothing be fetched from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mri_core.documents.parts import Badge, Document, Figure, Part, Picture

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent
_SIGNS = {"good": "✓", "bad": "✗", "open": "○"}
_CLEAR = "rgba(0,0,0,0)"


def render(document: Document) -> str:
    """The document as HTML, to be written as UTF-8. Plotly's code is in it once, and only when there is a figure."""
    scripts = [_plotly(), (_FOLDER / "figures.js").read_text(encoding="utf-8")] if document.figures else []
    return (
        _templates().get_template("document.html").render(document=document, scripts=scripts, policy=_policy(scripts))
    )


def _policy(scripts: list[str]) -> str:
    allowed = " ".join(f"'sha256-{_hash(script)}'" for script in scripts) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"kind": _kind, "figure_json": _figure_json, "data_uri": _data_uri, "sign": _sign}
    return environment


def _kind(part: Part) -> str:
    return type(part).__name__.lower()


def _sign(badge: Badge) -> str:
    return _SIGNS[badge.tone]


def _data_uri(picture: Picture) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.png).decode()}"


def _figure_json(figure: Figure) -> str:
    """The figure for a script element of JSON, which nothing in it can end.

    Transparent and without Plotly's own theme, so that the page's CSS decides the colours of text and grid.
    """
    drawn = json.loads(figure.figure.to_json())
    layout = drawn["layout"]
    layout.pop("template", None)
    layout |= {"paper_bgcolor": _CLEAR, "plot_bgcolor": _CLEAR}
    layout["font"] = {"family": "system-ui, sans-serif", "size": 12} | layout.get("font", {})
    for name in [name for name in layout if name.startswith(("xaxis", "yaxis"))]:
        layout[name] = {"zeroline": False} | layout[name]
    text = json.dumps({"data": drawn["data"], "layout": layout}, separators=(",", ":"))
    for character in "<>&":  # they occur inside of strings only, where JSON lets them be written so
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
