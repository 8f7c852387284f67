"""Saving a trained model for use without TensorFlow, and proof that it still gives the same answers."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx

from mri_core.errors import StorageError
from mri_core.prediction.model_file import (
    MODEL_KERAS,
    MODEL_ONNX,
    ModelDescription,
    check_hash,
    hash_of,
    write_description,
)
from mri_core.prediction.predictor import Predictor, load_predictor
from mri_core.replacing import replacing_path

LARGEST_DIFFERENCE = 1e-5
"""Probabilities of the ONNX model may differ from Keras's by this much."""

_LARGE = 2**18
"""Elements of a weight that is kept out of the conversion: more than a convolution's usually has."""


def save_model(
    model: Any, folder: Path, description: ModelDescription, allowed: Callable[[], None] = lambda: None
) -> ModelDescription:
    """Write `model.keras`, `model.onnx` and `model.json`, each beside and renamed into place.

    model: a Keras model that takes (slices, H, W, C) uint8. The description's `onnx_difference` is measured later.
    allowed: asked before each takes its place; raises where it may not.
    Returns the description as it is saved, with the hashes of both models. Raises StorageError when the disk refuses.
    """
    hashes = {}
    for name, save in ((MODEL_KERAS, model.save), (MODEL_ONNX, lambda path: onnx.save(to_onnx(model), path))):
        with replacing_path(folder / name, "free space, then resume the run") as beside:
            save(beside)
            hashes[name] = hash_of(beside)
            allowed()
    described = description.model_copy(update={"sha256": hashes})
    write_description(folder, described)
    return described


def load_keras(folder: Path) -> keras.Model:
    """The Keras model of the run kept in `folder`, to compute with.

    Only the file that training saved is loaded, and Keras's safe mode is on beside. Raises NotFound where the run has
    no model, StorageError where its file is another or cannot be loaded.
    """
    check_hash(folder, MODEL_KERAS)
    try:
        return keras.models.load_model(folder / MODEL_KERAS, compile=False, safe_mode=True)
    except (ValueError, TypeError, LookupError, AttributeError, OSError, RuntimeError, ImportError) as error:
        raise StorageError(f"{folder / MODEL_KERAS} cannot be loaded; train the run again") from error


def to_onnx(model: keras.Model) -> onnx.ModelProto:
    """The model as an ONNX graph from `slices` (n, H, W, C) uint8 to probabilities (n, labels).

    Large weights are inputs of the graph while it is converted, and become its constants afterwards: the conversion
    copies constants dozens of times.
    """
    large = {f"weight_{number}": variable for number, variable in enumerate(model.variables) if _is_large(variable)}

    def answer(slices: tf.Tensor, *values: tf.Tensor) -> tf.Tensor:
        with keras.StatelessScope(state_mapping=list(zip(large.values(), values, strict=True))):
            return model(slices, training=False)

    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8, name="slices")]
    signature += [tf.TensorSpec(variable.shape, variable.dtype, name=name) for name, variable in large.items()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # tf2onnx asks NumPy for names that are going away
        converted, _ = tf2onnx.convert.from_function(
            tf.function(answer, input_signature=signature, autograph=False), input_signature=signature
        )
    weights = [onnx.numpy_helper.from_array(variable.numpy(), name) for name, variable in large.items()]
    converted.graph.initializer.extend(weights)
    slices = [value for value in converted.graph.input if value.name not in large]
    del converted.graph.input[:]
    converted.graph.input.extend(slices)
    return converted


def _is_large(variable: keras.Variable) -> bool:
    return int(np.prod(variable.shape)) > _LARGE


def verify(folder: Path, slices: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference between what the exported model gives, before any calibration, and what Keras gives.

    slices: (n, H, W) or (n, H, W, 3) uint8. expected: (n, labels) from Keras.
    """
    predictor: Predictor = load_predictor(folder)
    return float(np.abs(predictor.outputs(slices) - expected).max(initial=0))
