"""Models for use elsewhere: a trained run's model in the format of another program, verified against Keras.

Whatever the format, the model takes (n, H, W, C) uint8 slices and gives (n, labels) calibrated probabilities; the
facts about it travel inside the file, or beside it where the format has no place for them.
"""

from __future__ import annotations

from mri_core.exporting.file_format import FileFormat
from mri_core.exporting.keras_file import KERAS
from mri_core.exporting.litert_file import LITERT
from mri_core.exporting.onnx_file import ONNX
from mri_core.exporting.openvino_file import OPENVINO

__all__ = ["FORMATS", "FileFormat"]

FORMATS: dict[str, FileFormat] = {"onnx": ONNX, "keras": KERAS, "litert": LITERT, "openvino": OPENVINO}
"""Name -> format. Each is one module, and one script in examples/."""
