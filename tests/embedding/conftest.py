"""A small simulated set to embed; tests write into copies of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.datasets.demo.generate import make_demo
from mri_core.embedding.embedding import embed
from mri_core.settings import Settings


@pytest.fixture(scope="session")
def _simulated(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """160 slices of 8 patients."""
    return make_demo(Settings(home=tmp_path_factory.mktemp("embedding")), "small", slices=160)


@pytest.fixture
def small(_simulated: Dataset, tmp_path: Path) -> Dataset:
    """A copy of it of which nothing is kept yet."""
    shutil.copytree(_simulated.folder, tmp_path / "datasets" / "small")
    return open_dataset("small", Settings(home=tmp_path))


@pytest.fixture
def with_patients(small: Dataset) -> Callable[[list[str | None]], Dataset]:
    """Makes it the same slices of other patients."""

    def changed(patients: list[str | None]) -> Dataset:
        pd.read_parquet(small.folder / "index.parquet").assign(patient=patients).to_parquet(
            small.folder / "index.parquet", index=False
        )
        return Dataset(small.folder, small.header)

    return changed


@pytest.fixture(scope="session")
def _embedded(_simulated: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is kept once it is embedded."""
    folder = tmp_path_factory.mktemp("embedded") / "small"
    shutil.copytree(_simulated.folder, folder)
    embed(Dataset(folder, _simulated.header))
    return folder / "derived"


@pytest.fixture
def vectors(small: Dataset, _embedded: Path) -> np.ndarray:
    shutil.copytree(_embedded, small.folder / "derived")
    return embed(small)
