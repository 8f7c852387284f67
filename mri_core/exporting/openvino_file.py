"""OpenVINO: a file of the graph, which holds the facts too, and one of the weights. Fastest on Intel processors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mri_core.exporting.file_format import FileFormat

if TYPE_CHECKING:
    import keras

SECTION = "mri"
"""Where the facts stand in the graph's `rt_info`."""


def write(model: keras.Model, told: dict[str, Any], out: Path) -> tuple[Path, ...]:
    import openvino

    from mri_core.prediction.export import to_onnx

    through = out.with_suffix(".onnx.part")
    try:
        through.write_bytes(to_onnx(model).SerializeToString())
        graph = openvino.convert_model(through)
    finally:
        through.unlink(missing_ok=True)
    for name, value in told.items():
        graph.set_rt_info(json.dumps(value, ensure_ascii=False), [SECTION, name])
    openvino.save_model(graph, out, compress_to_fp16=False)
    return out, out.with_suffix(".bin")


def answers(path: Path, slices: np.ndarray) -> np.ndarray:
    import openvino

    # Its plugins may compute in bfloat16 on their own where the processor has it.
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled(slices)[0])


OPENVINO = FileFormat("OpenVINO", ".xml", "openvino", write, answers)
