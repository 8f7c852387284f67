"""Checks of what an evaluation is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mri_core.errors import InvalidInput


def checked_scores(truth: ArrayLike, probabilities: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """truth as uint8 and probabilities as float64, both (slices, labels).

    Raises InvalidInput when shapes differ, there is nothing to judge, truth is not 0/1 or a probability not in [0, 1].
    """
    truth, probabilities = np.asarray(truth, dtype=float), np.asarray(probabilities, dtype=float)
    if truth.shape != probabilities.shape or truth.ndim != 2:
        raise InvalidInput(
            f"truth is {_shape(truth)} and probabilities are {_shape(probabilities)}; expected the same "
            "slices × labels for both: take them from the same split of the same run"
        )
    if truth.size == 0:
        raise InvalidInput(f"there is nothing to evaluate in {_shape(truth)}; choose a split with slices and labels")
    if not np.isin(truth, (0, 1)).all():
        raise InvalidInput(
            f"truth holds {_first(truth, ~np.isin(truth, (0, 1)))}; expected 0 or 1: "
            "leave out slices whose labels are not known"
        )
    inside = (probabilities >= 0) & (probabilities <= 1)
    if not inside.all():
        raise InvalidInput(
            f"probabilities hold {_first(probabilities, ~inside)}; expected numbers from 0 to 1: predict with a model "
            "that ends in a sigmoid and whose training did not diverge"
        )
    return truth.astype(np.uint8), probabilities


def checked_thresholds(thresholds: ArrayLike | None, label_names: Sequence[str]) -> np.ndarray:
    """Thresholds as float64 (labels,), 0.5 each when None. Raises InvalidInput unless each label has one in [0, 1]."""
    values = np.full(len(label_names), 0.5) if thresholds is None else np.asarray(thresholds, dtype=float)
    if values.shape != (len(label_names),):
        raise InvalidInput(f"thresholds are {_shape(values)}; expected one for each of {', '.join(label_names)}")
    for name, value in zip(label_names, values.tolist(), strict=True):
        if not 0 <= value <= 1:
            raise InvalidInput(f"the threshold of {name} is {value}; expected a number from 0 to 1")
    return values


def _shape(values: np.ndarray) -> str:
    return " × ".join(str(size) for size in values.shape) or "a single number"


def _first(values: np.ndarray, wrong: np.ndarray) -> str:
    slice_, label = np.argwhere(wrong)[0].tolist()
    return f"{values[slice_, label]:g} (slice {slice_}, label {label}, counted from 0)"
