"""A data set on which learning shows within seconds."""

import numpy as np
import pytest

from mri_core.datasets.build import DatasetBuilder
from mri_core.settings import Settings

LABELS = ("bright left", "bright right")


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """240 slices of 16×16 whose labels say which half is bright: easy, so that learning shows within seconds."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, (240, 2))
    pixels = random.integers(0, 80, (240, 16, 16)).astype(np.uint8)
    pixels[:, :, :8] += (truth[:, :1, None] * 120).astype(np.uint8)
    pixels[:, :, 8:] += (truth[:, 1:, None] * 120).astype(np.uint8)
    rows = [
        {"id": f"s{i}", "patient": f"p{i}", "split": "train" if i < 160 else "validation" if i < 200 else "test",
         "source": "", "position": None, **dict(zip(LABELS, truth[i].tolist(), strict=True))}
        for i in range(240)
    ]  # fmt: skip
    settings = Settings(home=tmp_path_factory.mktemp("fit"))
    with DatasetBuilder(settings, "halves", LABELS, (16, 16), 240) as builder:
        builder.add(pixels, rows)
        return builder.finish(simulated=True, provenance={})
