"""LiteRT, once called TensorFlow Lite: one small file for phones and boards."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mri_core.exporting.file_format import FileFormat, write_beside

if TYPE_CHECKING:
    import keras


def write(model: keras.Model, told: dict[str, Any], out: Path) -> tuple[Path, ...]:
    import tensorflow as tf

    # By way of a folder, because the converter leaves the weights of a function in memory out.
    with tempfile.TemporaryDirectory(dir=out.parent) as saved:
        model.export(saved, format="tf_saved_model", verbose=False)
        out.write_bytes(tf.lite.TFLiteConverter.from_saved_model(saved).convert())
    return out, write_beside(told, out)


def answers(path: Path, slices: np.ndarray) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))
    (takes,), (gives,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(takes["index"], slices.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(takes["index"], slices)
    interpreter.invoke()
    return interpreter.get_tensor(gives["index"])


LITERT = FileFormat("LiteRT", ".tflite", "ai_edge_litert", write, answers)
