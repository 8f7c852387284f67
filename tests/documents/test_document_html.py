"""HTML files: nothing a user named is markup, nothing is fetched, only our scripts run."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import plotly.graph_objects as go
import pytest

from mri_core.documents import (
    Badge,
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
    render,
)

HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>",
    "\"' onmouseover='alert(1)",
    "{{ 7 * 7 }} {% raw %}",
    "&lt;b&gt; & \u2028 größe <b>",
]


class Page(HTMLParser):
    """What a browser would see: every element with its attributes, and all text by the element it is in."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data) -> None:
        if self.elements:
            self.texts.append((self.elements[-1][0], data))

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def figure(name: str = "a") -> go.Figure:
    return go.Figure(go.Scatter(x=[1, 2], y=[0.5, float("nan")], name=name), layout={"title": {"text": name}})


def every_part(text: str) -> tuple[Part, ...]:
    table = Table(
        (Column(text), Column(text, numeric=True, group=text)),
        ((text, Value(text, text)), (text, Badge(text, "bad", text))),
        text,
    )
    return (
        Text(text), Note(text), Code(text), Facts(((text, text),)), table, Figure(figure(text), text),
        Grid(text, (Figure(figure(text), text),)), Gallery((Picture(b"PNG", text),), text),
    )  # fmt: skip


def document(*parts: Part, text: str = "Title") -> Document:
    return Document(text, text, tuple(Section(text, parts) for _ in range(3)), text)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_never_markup(text: str) -> None:
    harmless, hostile = (
        Page(render(document(*every_part("x"), text="x"))),
        Page(render(document(*every_part(text), text=text))),
    )
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in harmless.elements]
    assert [set(attributes) for _, attributes in hostile.elements] == [set(each) for _, each in harmless.elements]
    shown = "".join(data for tag, data in hostile.texts if tag not in ("script", "style"))
    assert shown.count(text) == "".join(d for tag, d in harmless.texts if tag not in ("script", "style")).count("x")


@pytest.mark.parametrize("text", HOSTILE)
def test_figures_come_back_as_they_were(text: str) -> None:
    html = render(document(Figure(figure(text))))
    (first, *_) = re.findall(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    drawn = json.loads(first)
    assert drawn["data"][0]["name"] == drawn["layout"]["title"]["text"] == text
    assert drawn["data"][0]["y"] == [0.5, None] or drawn["data"][0]["y"]["dtype"]
    assert "template" not in drawn["layout"] and drawn["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)"
    assert "<" not in first and "&" not in first


def policy(page: Page) -> dict[str, str]:
    (content,) = [each["content"] for tag, each in page.elements if each.get("http-equiv") == "Content-Security-Policy"]
    return dict(part.strip().split(" ", 1) for part in content.split(";"))


def test_only_our_scripts_run_and_nothing_is_fetched() -> None:
    html = render(document(*every_part("x")))
    page = Page(html)
    rules = policy(page)
    assert rules["default-src"] == "'none'" and rules["base-uri"] == "'none'" and rules["form-action"] == "'none'"
    assert rules["img-src"] == "data: blob:"
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert rules["script-src"] == " ".join(f"'sha256-{each}'" for each in hashes)
    assert not [each for _, each in page.elements if "src" in each and not each["src"].startswith("data:")]
    assert [each["href"] for _, each in page.elements if "href" in each] == [f"#section-{i}" for i in (1, 2, 3)]


def test_plotly_is_in_it_once_and_only_for_figures() -> None:
    without, one, many = (
        render(document(*parts)) for parts in ((Text("x"),), (Figure(figure()),), (Figure(figure()),) * 9)
    )
    assert len(without) < 20_000 and policy(Page(without))["script-src"] == "'none'" and "<script" not in without
    assert 1_000_000 < len(one) < len(many) < 1.05 * len(one)
    assert many.count('class="plot"') == 27


def test_a_table_has_headings_a_caption_and_numbers_to_the_right() -> None:
    columns = (Column("label"), Column("here", numeric=True, group="F1"), Column("verdict", group=""))
    rows = (("cyst", Value("0.882", "± 0.003"), Badge("reproduced", "good", "surely")),)
    page = Page(render(Document("t", "l", (Section("s", (Table(columns, rows, "Scores"),)),))))
    scopes = [attributes.get("scope") for tag, attributes in page.elements if tag == "th"]
    assert scopes == [None, "colgroup", None, "col", "col", "col", "row"]
    assert [each.get("class") for tag, each in page.elements if tag == "td"] == ["number", None]
    assert ("small", "± 0.003") in page.texts and ("small", "surely") in page.texts
    assert ("span", "✓") in page.texts and ("caption", "Scores") in page.texts
    assert page.count("nav") == 0


def test_pictures_are_inside_the_file() -> None:
    page = Page(render(document(Gallery((Picture(b"\x89PNG", "worst"),)))))
    source = next(attributes for tag, attributes in page.elements if tag == "img")
    assert source["src"] == "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()
    assert source["alt"] == "worst"
