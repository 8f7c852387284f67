"""A small simulated set, and the same with faults planted in it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import Dataset
from mri_core.datasets.demo.generate import make_demo
from mri_core.settings import Settings

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from planted_faults import Planted, plant

EXACT, NEAR, LEAKED = 20, 80, 5


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("quality")
    return Settings(home=folder, tracking_uri=f"sqlite:///{folder / 'mlflow.db'}", scheduler="")


@pytest.fixture(scope="session")
def clean(small_home: Settings) -> Dataset:
    """600 simulated slices of 30 patients as they are."""
    return make_demo(small_home, "clean", slices=600)


@pytest.fixture(scope="session")
def planted(clean: Dataset, small_home: Settings) -> Planted:
    return plant(clean, small_home, "planted", EXACT, NEAR, LEAKED)


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Dataset]:
    """Makes a data set of pixels (n, H, W) and columns of the index; what is not given is plain."""

    def make(pixels: np.ndarray, labels: dict[str, list], name: str = "made", **columns: list) -> Dataset:
        rows = [
            {
                "id": f"s{i}",
                "patient": None,
                "split": "train",
                "source": f"{i}.png",
                "position": float(i),
                **{column: values[i] for column, values in (columns | labels).items()},
            }
            for i in range(len(pixels))
        ]
        settings = Settings(home=tmp_path)
        with DatasetBuilder(settings, name, tuple(labels), pixels.shape[1:], len(pixels)) as builder:
            builder.add(pixels, rows)
            return builder.finish(simulated=False, provenance={})

    return make
