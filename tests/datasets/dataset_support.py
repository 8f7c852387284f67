"""A small data set made of random slices and labels."""

from __future__ import annotations

import numpy as np

from mri_core.datasets.build import DatasetBuilder
from mri_core.datasets.dataset import Dataset
from mri_core.settings import Settings

LABELS = ("tumour", "oedema", "scar")


def random_rows(count: int, labels: tuple[str, ...] = LABELS) -> list[dict]:
    """Index rows in which every third patient is unknown and every fourth position missing."""
    random = np.random.default_rng(0)
    return [
        {
            "id": f"s{number:03}",
            "patient": None if number // 4 % 3 == 2 else f"p{number // 4 % 7}",
            "split": str(random.choice(["train", "validation", "test"])),
            "source": f"{number}.png",
            "position": None if number % 4 == 3 else float(random.integers(0, 50)),
        }
        | {label: int(random.random() < 0.4) for label in labels}
        for number in range(count)
    ]


def build_dataset(settings: Settings, rows: list[dict], labels: tuple[str, ...] = LABELS) -> Dataset:
    """A data set "small" with these rows, 8×8 pixels a slice."""
    pixels = np.random.default_rng(1).integers(0, 256, (len(rows), 8, 8)).astype(np.uint8)
    with DatasetBuilder(settings, "small", labels, (8, 8), len(rows)) as builder:
        builder.add(pixels, rows)
        return builder.finish(simulated=False, provenance={})
