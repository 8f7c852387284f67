"""A data set so simple that what is usual in it is known, and what a run on it is compared with."""

import numpy as np
import pytest
from arrows_support import brightness, make_arrows

from mri_core.datasets.dataset import Dataset
from mri_core.prediction.reference import Reference
from mri_core.prediction.reference_fit import make_reference
from mri_core.settings import Settings
from mri_core.training.spec import TrainingSpec


@pytest.fixture(scope="session")
def dataset(tmp_path_factory) -> Dataset:
    return make_arrows(Settings(home=tmp_path_factory.mktemp("arrows"), tracking_uri="", scheduler=""))


@pytest.fixture(scope="session")
def reference(dataset) -> Reference:
    return make_reference(dataset, TrainingSpec(), brightness)


@pytest.fixture(scope="session")
def unseen(dataset) -> np.ndarray:
    return np.array(dataset.pixels[dataset.rows("test")])
