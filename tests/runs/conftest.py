"""Homes for runs: each test gets a copy of one empty run database."""

import shutil

import pytest

from mri_core.runs.store import RunStore
from mri_core.settings import Settings


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):
    for name in ("MRI_HOME", "MLFLOW_TRACKING_URI", "MRI_SCHEDULER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def settings(tmp_path, empty_database) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(empty_database, home)
    return Settings(home=home)


@pytest.fixture
def store(settings) -> RunStore:
    return RunStore(settings)
