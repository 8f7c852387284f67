"""Homes for runs: each test gets a copy of one empty run database, because MLflow takes seconds to make it."""

import shutil
from pathlib import Path

import pytest

from mri_core.runs.store import RunStore
from mri_core.settings import Settings


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):
    for name in ("MRI_HOME", "MLFLOW_TRACKING_URI", "MRI_SCHEDULER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory) -> Path:
    settings = Settings(home=tmp_path_factory.mktemp("empty"))
    assert RunStore(settings).list() == ()
    return settings.root / "mlflow.db"


@pytest.fixture
def settings(tmp_path, empty_database) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(empty_database, home)
    return Settings(home=home)


@pytest.fixture
def store(settings) -> RunStore:
    return RunStore(settings)
