"""A run's `predictions.parquet`: the truth and probabilities from which every score is computed.

Columns: id, split, then `truth/<label>` (0/1) and `probability/<label>` (0 to 1) for every label. A run of a
cross-validation has a third split beside validation and test: LEFT_OUT, the training slices it did not learn from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mri_core.errors import InvalidInput, NotFound, StorageError
from mri_core.replacing import replacing

if TYPE_CHECKING:
    import pandas as pd

FILE_NAME = "predictions.parquet"
TRUTH, PROBABILITY = "truth/", "probability/"
LEFT_OUT = "left out"


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions for one split.

    ids: (slices,) str. truth: (slices, labels) uint8 of 0/1. probabilities: (slices, labels) float in [0, 1].
    """

    ids: np.ndarray
    truth: np.ndarray
    probabilities: np.ndarray
    label_names: tuple[str, ...]


def load_predictions(folder: Path, split: str) -> Predictions:
    """Read one split of the run kept in `folder`.

    Raises NotFound when the run has no predictions or not of that split, StorageError when the file cannot be read.
    """
    stored = load_splits(folder)
    if split not in stored:
        splits = ", ".join(stored) or "no split"
        raise NotFound(f"the run has no predictions for split '{split}'; it has {splits}: choose one of these")
    return stored[split]


def load_splits(folder: Path) -> dict[str, Predictions]:
    """Split -> its predictions, for all that are stored. Raises as `load_predictions`."""
    frame = _read(folder / FILE_NAME)
    names = tuple(column.removeprefix(TRUTH) for column in frame.columns if column.startswith(TRUTH))
    expected = {"id", "split", *(PROBABILITY + name for name in names)}
    if not names or not expected <= set(frame.columns):
        raise StorageError(f"{folder / FILE_NAME} lacks columns of a predictions file; train the run again")
    return {
        split: Predictions(
            ids=rows["id"].to_numpy(dtype=str),
            truth=rows[[TRUTH + name for name in names]].to_numpy(dtype=np.uint8),
            probabilities=rows[[PROBABILITY + name for name in names]].to_numpy(dtype=float),
            label_names=names,
        )
        for split, rows in ((str(name), rows) for name, rows in frame.groupby("split", sort=False))
    }


def save_predictions(folder: Path, splits: Mapping[str, Predictions]) -> Path:
    """Write all splits of a run (split -> predictions) into `folder`, replacing what was there in one step.

    Returns the file. Raises InvalidInput when the splits differ in labels or there is none, StorageError when the disk
    refuses.
    """
    import pandas as pd

    if len({predictions.label_names for predictions in splits.values()}) != 1:
        raise InvalidInput(f"expected predictions of the same labels for every split, received {len(splits)} split(s)")
    frame = pd.concat([_frame(split, predictions) for split, predictions in splits.items()], ignore_index=True)
    target = folder / FILE_NAME
    with replacing(target) as file:
        frame.to_parquet(file, index=False)
    return target


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd
    import pyarrow

    try:
        return pd.read_parquet(path)
    except FileNotFoundError as error:
        raise NotFound(f"the run has no predictions yet ({path} is missing); let its training finish") from error
    except (OSError, pyarrow.ArrowException) as error:
        raise StorageError(f"cannot read {path}, the file is damaged or not permitted; train the run again") from error


def _frame(split: str, predictions: Predictions) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, np.ndarray | str] = {"id": np.asarray(predictions.ids, dtype=str), "split": split}
    for position, name in enumerate(predictions.label_names):
        columns[TRUTH + name] = np.asarray(predictions.truth[:, position], dtype=np.uint8)
    for position, name in enumerate(predictions.label_names):
        columns[PROBABILITY + name] = predictions.probabilities[:, position]
    return pd.DataFrame(columns)
