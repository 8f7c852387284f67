"""Every page of a home in which labels, slices, patients, runs and files are called after attacks."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from hardening_support import ELEMENT, LABELS, RUN, SLICE, open_page, protos, texts
from PIL import Image
from streamlit.elements.widgets import button
from streamlit.testing.v1 import AppTest

from mri_core.card.card import make_card
from mri_core.card.forms import as_html
from mri_core.datasets.dataset import open_dataset
from mri_core.runs.store import RunStore

PAGES = sorted(path.stem for path in (Path(__file__).parents[2] / "app" / "views").glob("*.py"))
PLAIN = ("Selectbox.options", "MultiSelect.options", "ImageList.imgs.alt", "Dataframe.columns")
"""Where Streamlit shows text as it is; `.id`s are not shown, and all else may be Markdown."""


@dataclass
class Opened:
    """Pages as they were sent, and what their download buttons give: "page: file's name" -> text."""

    apps: dict[str, list[AppTest]] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def opened(hostile) -> Iterator[Opened]:
    found, page = Opened(), ""
    marshall = button.marshall_file

    def kept(coordinates, data, proto, mimetype, file_name=None, **options):
        if mimetype == "text/csv":
            text = data() if callable(data) else data
            found.tables[f"{page}: {file_name}"] = text if isinstance(text, str) else bytes(text).decode()
        marshall(coordinates, data, proto, mimetype, file_name, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(button, "marshall_file", kept)
        for page in PAGES:
            app = open_page(page, dataset="demo", run=hostile.run, selected=[hostile.run, hostile.other])
            found.apps[page] = [app, *_further(page, app, hostile)]
        yield found


def _further(page: str, app: AppTest, hostile) -> Iterator[AppTest]:
    """The page again, after what its visitors do next."""
    first = open_dataset("demo", hostile.settings).columns("id")["id"][0]
    if page == "quality":
        next(each for each in app.button if each.label.startswith("Check ")).click()
        yield app.run()
    if page in ("browse", "failures"):
        shown = next((each.label for each in app.button if "xss" in each.label), first)
        yield open_page(page, dataset="demo", run=hostile.run, slice=shown.replace("\\", ""), label=LABELS[0])
    if page == "predict":
        held = io.BytesIO()
        Image.new("L", (40, 40), 90).save(held, "PNG")
        files = [(f"{SLICE}a.png", held.getvalue(), "image/png"), (f"{RUN}.png", b"no picture", "image/png")]
        yield app.get("file_uploader")[0].set_value(files).run()


def test_no_page_fails_on_it(opened: Opened) -> None:
    for page, apps in opened.apps.items():
        for app in apps:
            assert not app.exception, (page, [each.message for each in app.exception])


def test_no_cell_of_a_table_is_a_formula(opened: Opened) -> None:
    told = {name.partition(":")[0] for name in opened.tables}
    assert told >= {"calibration", "compare", "failures", "labels", "predict", "quality", "report", "runs", "train"}
    for name, text in opened.tables.items():
        rows = list(csv.reader(io.StringIO(text)))
        assert len(rows) > 1, name
        for cell in (cell for row in rows for cell in row):
            assert _is_number(cell) or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), (name, cell)
    for kind in (LABELS[0], SLICE, RUN):  # what would be one is there, as text
        assert any(f"'{kind[:20]}" in text for text in opened.tables.values()), kind


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_nothing_that_is_named_is_markdown(opened: Opened) -> None:
    seen = set()
    for page, apps in opened.apps.items():
        for place, text in (found for app in apps for proto in protos(app) for found in texts(proto)):
            seen |= {page} if "xss" in text else set()
            if place in PLAIN or place.endswith((".id", ".query_string", ".spec")):
                continue
            assert "[l](http" not in text and "![i](http" not in text and ELEMENT not in text, (page, place, text)
            assert "https://evil" not in text, (page, place, text)  # a link by itself, whatever stands around it
        for cell in (cell for app in apps for table in app.table for cell in _cells(table.value)):
            assert "[l](http" not in cell and "![i](http" not in cell, (page, cell)
    assert seen >= {"augment", "browse", "compare", "failures", "labels", "overview", "predict", "report", "thresholds"}


def _cells(table: pd.DataFrame) -> Iterator[str]:
    yield from map(str, [*table.columns, *table.index, *table.to_numpy().ravel()])


def test_help_of_columns_is_markdown_of_ours(opened: Opened) -> None:
    helps = 0
    for page, apps in opened.apps.items():
        for frame in (frame for app in apps for frame in app.dataframe):
            for column in json.loads(frame.proto.columns or "{}").values():
                assert "](http" not in str((column or {}).get("help")), page
                helps += bool((column or {}).get("help"))
    assert helps > 10


def test_no_html_is_sent(opened: Opened) -> None:
    for page, apps in opened.apps.items():
        for proto in (proto for app in apps for proto in protos(app)):
            kind = type(proto).__name__
            assert kind not in ("Html", "IFrame", "ComponentInstance", "BidiComponent"), (page, kind)
            assert not getattr(proto, "allow_html", False), (page, kind)
            assert not getattr(proto, "unsafe_allow_javascript", False), (page, kind)


def test_charts_write_names_as_they_are(opened: Opened) -> None:
    """Plotly reads a little HTML in every text of a figure, so that none may stand there."""
    named = 0
    for page, apps in opened.apps.items():
        for chart in (proto for app in apps for proto in protos(app) if type(proto).__name__ == "PlotlyChart"):
            for text in _strings(json.loads(chart.spec)):
                assert not any(tag in text for tag in ("<img", "<xss", "<script", "<!--")), (page, text)
                named += "&lt;xss-a" in text
    assert named > 10


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    if isinstance(value, dict):
        value = [one for name, one in value.items() if name != "legendgroup"]  # tells traces apart and is not drawn
    for one in value if isinstance(value, list) else ():
        yield from _strings(one)


class Elements(HTMLParser):
    """Names of elements, and of attributes with their values."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def test_a_model_card_has_no_element_that_a_name_brought(hostile) -> None:
    html = as_html(make_card(RunStore(hostile.settings).get(hostile.run), hostile.settings))
    assert "xss-a" in html  # the names are there
    page = Elements(html)
    assert "xss-a" not in page.elements
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert not [value for name, value in page.attributes if name in ("href", "src") and "evil" in value]
    assert not [value for name, value in page.attributes if name == "src" and not value.startswith("data:image/")]
