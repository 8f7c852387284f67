"""Saving a trained model for use without TensorFlow, and proof that it still gives the same answers."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from mri_core.prediction.model_file import MODEL_KERAS, MODEL_ONNX, ModelDescription, write_description
from mri_core.prediction.predictor import Predictor, load_predictor

LARGEST_DIFFERENCE = 1e-5
"""Probabilities of the ONNX model may differ from Keras's by this much."""


def save_model(model: Any, folder: Path, description: ModelDescription) -> None:
    """Write `model.keras`, `model.onnx` and `model.json`, each beside and renamed into place.

    model: a Keras model that takes (slices, H, W, C) uint8. The description's `onnx_difference` is measured later.
    """
    beside = folder / f"new-{MODEL_KERAS}"
    model.save(beside)
    beside.replace(folder / MODEL_KERAS)
    beside = folder / f"new-{MODEL_ONNX}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # tf2onnx asks NumPy for names that are going away
        model.export(beside, format="onnx", verbose=False)
    beside.replace(folder / MODEL_ONNX)
    write_description(folder, description)


def verify(folder: Path, slices: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference between what the exported model gives, before any calibration, and what Keras gives.

    slices: (n, H, W) or (n, H, W, 3) uint8. expected: (n, labels) from Keras.
    """
    predictor: Predictor = load_predictor(folder)
    return float(np.abs(predictor.outputs(slices) - expected).max(initial=0))
