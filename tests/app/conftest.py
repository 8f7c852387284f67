"""A home that a test may change, and the pages in it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.ui import cache
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

HOME = Path(__file__).parents[2] / "app" / "Home.py"


@pytest.fixture(autouse=True)
def _nothing_is_checked_yet() -> None:
    """What the checks found is kept for all sessions of a server, which these tests' processes stand for."""
    cache._checked.clear()


@pytest.fixture
def home(home: Settings, empty_database: Path) -> Settings:
    """An empty home, as it is once a page has been opened."""
    shutil.copy(empty_database, home.root)
    return home


@pytest.fixture
def lab(trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """The store of a copy of the trained home, which the environment names."""
    folder = tmp_path / "lab"
    shutil.copytree(trained.settings.root, folder)
    monkeypatch.setenv("MRI_HOME", str(folder))
    return RunStore(Settings())


@pytest.fixture
def open_page() -> Callable[..., AppTest]:
    """Opens a page by its file's name, with choices in its address."""

    def opened(name: str, **address: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(HOME), default_timeout=60)
        app.switch_page(f"views/{name}.py")
        app.query_params.update(address)
        return app.run()

    return opened
