"""Keras: one file of layers that Keras itself knows, so that nothing of this program is needed to load it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mri_core.exporting.file_format import FileFormat, write_beside

if TYPE_CHECKING:
    import keras


def write(model: keras.Model, told: dict[str, Any], out: Path) -> tuple[Path, ...]:
    model.save(out)
    return out, write_beside(told, out)


def answers(path: Path, slices: np.ndarray) -> np.ndarray:
    import keras

    return np.asarray(keras.models.load_model(path, safe_mode=True)(slices, training=False))


KERAS = FileFormat("Keras", ".keras", "keras", write, answers)
