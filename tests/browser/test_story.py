"""One user's story, in a real Chromium: from an empty home to three probabilities."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pydicom.data import get_testdata_file

from mri_core.runs.liveness import read_engine
from mri_core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"), reason="there is no Chromium here; install Debian's package chromium"
)

POINTS = "Math.max(0, ...[...document.querySelectorAll('.js-plotly-plot')].map(p => p.data?.[0]?.x?.length ?? 0))"
"""Epochs on the longest curve of the page."""


@pytest.fixture
def url(home: Settings) -> Iterator[str]:
    """A dashboard on a free port with an empty home; what it started is ended with it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app/Home.py", "--server.port", str(port)]
    with (home.root / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=os.environ | home.environment(), stdout=log, stderr=log)
    try:
        address = f"http://localhost:{port}"
        while server.poll() is None and not healthy(address):
            pass
        assert server.poll() is None, (home.root / "server.log").read_text()
        yield address
    finally:
        server.terminate()
        server.wait(20)
        if engine := read_engine(home):
            daemon = psutil.Process(engine["process"]["pid"])
            for process in [*daemon.children(), daemon]:
                process.terminate()
                process.wait(20)


def healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1) as answer:
            return answer.status == 200
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


@pytest.fixture
def page(url):
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "there is no Chromium; install Debian's package chromium"
    with sync_playwright() as playwright:
        # Chromium refuses to sandbox itself for root, which containers run as.
        arguments = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(90_000)
        page.goto(url)
        yield page
        browser.close()


def open_list(box, option) -> None:
    """Open a list, again where the page moved under it while it was still being drawn, which closes it."""
    from playwright.sync_api import TimeoutError as TooLate

    for _ in range(10):
        box.click()
        try:
            option.wait_for(timeout=3000)
            return
        except TooLate:
            continue


def test_from_an_empty_home_to_three_probabilities(page, home):
    page.get_by_text("There is no data set yet").wait_for()
    page.get_by_text("2,000 slices").click()
    page.get_by_role("button", name="Make the demo data set").click()
    page.get_by_text("2,000 simulated slices of 100 patients").wait_for()

    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    page.get_by_role("button", name="Start training").wait_for()
    open_list(page.get_by_role("combobox", name="Preset"), page.get_by_role("option", name="dense-adam", exact=True))
    page.get_by_role("option", name="dense-adam", exact=True).click()
    page.get_by_role("button", name="Start training").click()
    page.wait_for_function(f"{POINTS} >= 1")
    seen = page.evaluate(POINTS)
    page.wait_for_function(f"{POINTS} > {seen}")  # without a click

    before = page.evaluate(POINTS)
    page.reload()
    page.wait_for_function(f"{POINTS} > {before}")

    page.get_by_role("link", name="Read its report").click()
    page.get_by_role("heading", name="Report").wait_for()
    page.get_by_text("predict nothing").first.wait_for()
    assert page.get_by_role("alert").count() == 0

    page.get_by_role("link", name="Predict", exact=True).click()
    page.get_by_role("heading", name="Predict").wait_for()
    page.set_input_files("input[type=file]", get_testdata_file("MR_small.dcm"))
    page.get_by_text("Concludes").wait_for()
    page.wait_for_function(f"{POINTS} === 3")
    probabilities = page.evaluate("[...document.querySelector('.js-plotly-plot').data[0].x]")
    assert len(probabilities) == 3 and all(0 <= p <= 1 for p in probabilities)
