"""A home with a small simulated data set and no run; each test gets a copy."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.datasets.demo.generate import make_demo
from mri_core.runs.store import RunStore
from mri_core.settings import Settings


@dataclass(frozen=True)
class Bench:
    """Where a test's runs are kept, and what they saw."""

    settings: Settings
    store: RunStore
    dataset: Dataset


@pytest.fixture(scope="session")
def _untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("untouched")
    settings = Settings(home=folder, tracking_uri=f"sqlite:///{folder / 'mlflow.db'}", scheduler="")
    make_demo(settings, slices=300)
    assert RunStore(settings).list() == ()
    return folder


@pytest.fixture
def bench(_untouched: Path, home: Settings) -> Bench:
    shutil.copytree(_untouched, home.root, dirs_exist_ok=True)
    return Bench(home, RunStore(home), open_dataset("demo", home))
