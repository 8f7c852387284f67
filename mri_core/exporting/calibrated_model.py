"""A Keras model that gives calibrated probabilities, in operations that Keras itself can save and others convert."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from mri_core.evaluation.calibration import Calibration
from mri_core.evaluation.calibrators import Parameters
from mri_core.evaluation.log_loss import LEAST

_NARROWEST = 1e-6
"""The width that a step of a curve is given at least: float32 tells closer probabilities hardly apart."""


def calibrated_model(
    model: keras.Model, labels: tuple[str, ...], calibration: Mapping[str, Calibration]
) -> keras.Model:
    """The same model with every label's calibration behind it; the model itself where there is none.

    Its answers differ from those of `evaluation.calibration.calibrated` by rounding to float32 alone.
    """
    if not calibration:
        return model
    answers = model.output
    columns = []
    for place, label in enumerate(labels):
        column = answers[:, place : place + 1]
        if one := calibration.get(label):
            column = _OPERATIONS[one.kind](column, one.parameters)
        columns.append(column)
    return keras.Model(model.input, ops.concatenate(columns, axis=1))


def _identity(column: Any, _parameters: Parameters) -> Any:
    return column


def _temperature(column: Any, parameters: Parameters) -> Any:
    return ops.sigmoid(_logits(column) / parameters["temperature"])


def _platt(column: Any, parameters: Parameters) -> Any:
    return ops.sigmoid(_logits(column) * parameters["slope"] + parameters["intercept"])


def _isotonic(column: Any, parameters: Parameters) -> Any:
    """The first knot, and of every piece between two knots as much as the probability has passed."""
    x, y = (np.asarray(parameters[axis], dtype=np.float64) for axis in "xy")
    widths = np.maximum(np.diff(x), _NARROWEST)
    if not len(widths):
        return column * 0 + y[0]
    passed = ops.clip((column - _row(x[:-1])) * _row(1 / widths), 0.0, 1.0)
    return ops.sum(passed * _row(np.diff(y)), axis=1, keepdims=True) + float(y[0])


def _logits(column: Any) -> Any:
    return ops.log(ops.maximum(column, LEAST)) - ops.log(ops.maximum(1 - column, LEAST))


def _row(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)[np.newaxis]


_OPERATIONS: dict[str, Callable[[Any, Parameters], Any]] = {
    "identity": _identity,
    "temperature": _temperature,
    "platt": _platt,
    "isotonic": _isotonic,
}
