"""On paper, in a real Chromium: figures are as wide as the page, and as wide as the window again afterwards."""

import os
import shutil

import plotly.graph_objects as go
import pytest

from mri_core.documents import Document, Figure, Grid, Section, render

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = "[...document.querySelectorAll('.plot')].map((plot) => [plot.clientWidth, plot._fullLayout.width])"
PAPER = 186 / 25.4 * 96  # 210 mm less two margins of 12 mm, in CSS pixels

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"), reason="there is no Chromium here; install Debian's package chromium"
)


def test_figures_fit_the_paper(tmp_path) -> None:
    from playwright.sync_api import sync_playwright

    figure = Figure(go.Figure(go.Bar(x=["a", "b"], y=[1, 2]), layout={"height": 300}))
    document = Document("t", "l", (Section("s", (figure, Grid("g", (figure, figure, figure)))),))
    (tmp_path / "page.html").write_text(render(document), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto((tmp_path / "page.html").as_uri())
        on_screen = page.evaluate(WIDTHS)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        on_paper = page.evaluate(WIDTHS)
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        afterwards = page.evaluate(WIDTHS)
        browser.close()
    assert on_screen[0][1] > 1000 and afterwards == on_screen
    assert on_paper[0][1] == pytest.approx(PAPER, abs=1)
    assert all(width == room <= PAPER / 2 for room, width in on_paper[1:])
