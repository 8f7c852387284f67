"""A home with a small simulated data set and no run; each test gets a copy."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from reproduction_support import finish, finish_all

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


@pytest.fixture(scope="session")
def studied(_untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Two of three seeds of three configurations, one of another. Tests leave it as it is."""
    folder = tmp_path_factory.mktemp("studied") / "home"
    shutil.copytree(_untouched, folder)
    settings = Settings(home=folder, tracking_uri=f"sqlite:///{folder / 'mlflow.db'}", scheduler="")
    made = Bench(settings, RunStore(settings), open_dataset("demo", settings))
    finish_all(made.store, made.dataset, 2, {"cnn": 0.9, "dense": 0.8, "cnn-no-flips": 0.7})
    finish(made.store, made.dataset, "cnn-poisson", 0)
    return made


@pytest.fixture
def bench(_untouched: Path, home: Settings) -> Bench:
    shutil.copytree(_untouched, home.root, dirs_exist_ok=True)
    return Bench(home, RunStore(home), open_dataset("demo", home))
