"""Arrays that take long to make from a data set, kept beside its slices: who asks next, in any process, only reads.

They go when the data set goes, and may be deleted at any time. A name carries the fingerprint, so what another process
still makes of a data set that is gone is never taken for one of the same name.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np

from mri_core.datasets.dataset import Dataset
from mri_core.errors import StorageError
from mri_core.replacing import replacing

FOLDER = "derived"


def read_kept(dataset: Dataset, name: str) -> np.ndarray | None:
    """What `keep` wrote, memory-mapped; None where there is nothing that can be read."""
    try:
        return np.load(_path(dataset, name), mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None


def keep(dataset: Dataset, name: str, array: np.ndarray) -> None:
    """Write an array in one step. Where the disk refuses nothing is kept, and it is made again the next time."""
    path = _path(dataset, name)
    with suppress(OSError, StorageError):
        # Only inside a data set that is still there: a folder of its name would stand in the way of a new one.
        path.parent.mkdir(exist_ok=True)
        with replacing(path) as file:
            np.save(file, array, allow_pickle=False)


def _path(dataset: Dataset, name: str) -> Path:
    return dataset.folder / FOLDER / f"{name}-{dataset.fingerprint}.npy"
