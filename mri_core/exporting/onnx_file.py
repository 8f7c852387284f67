"""ONNX: one file, read by ONNX Runtime and most other programs. The facts are its metadata, one JSON text a name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mri_core.exporting.file_format import FileFormat

if TYPE_CHECKING:
    import keras


def write(model: keras.Model, told: dict[str, Any], out: Path) -> tuple[Path, ...]:
    import onnx

    from mri_core.prediction.export import to_onnx

    graph = to_onnx(model)
    onnx.helper.set_model_props(graph, {name: json.dumps(value, ensure_ascii=False) for name, value in told.items()})
    onnx.save(graph, out)
    return (out,)


def answers(path: Path, slices: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    return session.run(None, {"slices": slices})[0]


ONNX = FileFormat("ONNX", ".onnx", "onnxruntime", write, answers)
