"""A demo set that is made once, and homes that hold it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mri_core.bench.session import own_settings
from mri_core.datasets.dataset import Dataset
from mri_core.datasets.demo.generate import make_demo
from mri_core.settings import Settings


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """100 simulated slices. Tests leave them as they are."""
    return make_demo(own_settings(tmp_path_factory.mktemp("demo")), slices=100)


@pytest.fixture
def demo_home(home: Settings, demo: Dataset) -> Settings:
    """An empty home but for the demo set."""
    home.datasets.mkdir()
    Path(home.datasets / "demo").symlink_to(demo.folder)
    return home
