"""What the tests of doubts share: a data set so simple that what is usual in it is known, and a model of it."""

from __future__ import annotations

import numpy as np

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import Dataset
from mri_core.settings import Settings


def arrows(number: int, random: np.random.Generator) -> np.ndarray:
    """Stand-ins for heads, (number, 32, 32): bright discs with a brighter tip at the top, no two alike."""
    down, along = np.mgrid[:32, :32]
    found = np.empty((number, 32, 32), np.uint8)
    for one in found:
        y, x = random.normal((17, 15.5), 0.7)
        radius = random.normal(9, 0.5)
        disc = np.hypot(down - y, along - x) < radius
        tip = np.hypot(down - y + radius * 0.6, along - x) < 2.5
        image = 12 + 70 * disc + 80 * tip + random.normal(0, 5, (32, 32))
        one[:] = np.clip(image * random.normal(1, 0.05), 0, 255)
    return found


def make_arrows(
    home: Settings, name: str = "arrows", labels: tuple[str, ...] = ("sick",), provenance: dict | None = None
) -> Dataset:
    """A data set of them: 400 slices of 30 patients to train on, 200 for validation and 1,000 for test."""
    random = np.random.default_rng(1)
    splits = ["train"] * 400 + ["validation"] * 200 + ["test"] * 1000
    with DatasetBuilder(home, name, labels, (32, 32), len(splits)) as builder:
        builder.add(
            arrows(len(splits), random),
            [
                {"id": str(i), "patient": f"{split}{i % 30}", "split": split, "source": "x", "position": None}
                | dict.fromkeys(labels, i % 2)
                for i, split in enumerate(splits)
            ],
        )
        return builder.finish(True, provenance or {})


def brightness(slices: np.ndarray) -> np.ndarray:
    """A model that answers by the left half's brightness."""
    return slices[:, :, :16].mean(axis=(1, 2), keepdims=True)[:, :, 0] / 255
