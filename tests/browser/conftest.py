"""A dashboard with an empty home, and a page of it in a real Chromium."""

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

from mri_core.runs.liveness import read_engine
from mri_core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


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
def page(url: str) -> Iterator:
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("there is no Chromium here; install Debian's package chromium")
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
