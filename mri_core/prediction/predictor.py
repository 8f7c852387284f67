"""Label probabilities of new slices, through ONNX Runtime. No TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mri_core.errors import StorageError
from mri_core.evaluation.calibration import calibrated
from mri_core.images.prepare import prepare, with_channels
from mri_core.images.slice import Slice
from mri_core.prediction.model_file import MODEL_ONNX, ModelDescription, read_description

_BATCH = 32
"""What fits a processor's cache: larger batches are slower and hold more memory."""


@dataclass(frozen=True)
class Prediction:
    """What a model says of one slice.

    seen: the slice as the model saw it, (H, W) or (H, W, 3) uint8.
    probabilities, thresholds: by label, in [0, 1]; calibrated, both, where the model is.
    labels: those whose probability reaches its threshold; empty means no finding.
    warnings: plain sentences on why the answer may be worth less.
    """

    source: str
    position: float | None
    seen: np.ndarray
    probabilities: dict[str, float]
    thresholds: dict[str, float]
    labels: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Predictor:
    """A run's model, loaded. Safe to share between threads."""

    description: ModelDescription
    session: Any

    def outputs(self, slices: np.ndarray) -> np.ndarray:
        """What the model itself gives, before calibration: (slices, labels) float32 in [0, 1].

        slices: prepared ones, (slices, H, W) or (slices, H, W, 3) uint8.
        """
        images = with_channels(slices)
        name = self.session.get_inputs()[0].name
        parts = [images[start : start + _BATCH] for start in range(0, len(images), _BATCH)]
        return np.concatenate([self.session.run(None, {name: np.ascontiguousarray(part)})[0] for part in parts])

    def probabilities(self, slices: np.ndarray) -> np.ndarray:
        """Probabilities (slices, labels) float64 in [0, 1] of the same slices, calibrated as the model says."""
        return calibrated(self.outputs(slices), self.description.labels, self.description.calibration)

    def predict(self, slices: Sequence[Slice]) -> list[Prediction]:
        """Prepare slices as the training slices were, and predict them."""
        shape, how = self.description.image_shape, self.description.preprocessing
        seen = np.stack([prepare(one, shape, how.resampling) for one in slices])
        return [
            self._conclude(one, pixels, probabilities)
            for one, pixels, probabilities in zip(slices, seen, self.probabilities(seen), strict=True)
        ]

    def _conclude(self, original: Slice, seen: np.ndarray, probabilities: np.ndarray) -> Prediction:
        named = {name: float(value) for name, value in zip(self.description.labels, probabilities, strict=True)}
        thresholds = self.description.thresholds
        return Prediction(
            source=original.source,
            position=original.position,
            seen=seen,
            probabilities=named,
            thresholds=thresholds,
            labels=tuple(name for name, value in named.items() if value >= thresholds[name]),
            warnings=_warnings(original.pixels, seen),
        )


def load_predictor(folder: Path) -> Predictor:
    """Load the model of the run kept in `folder`. Raises NotFound when it has none, StorageError when it is damaged."""
    import onnxruntime
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidProtobuf, NoSuchFile

    description = read_description(folder)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(folder / MODEL_ONNX), options, providers=["CPUExecutionProvider"])
    except (NoSuchFile, InvalidProtobuf, Fail) as error:
        raise StorageError(f"{folder / MODEL_ONNX} cannot be read; train the run again") from error
    return Predictor(description, session)


def _warnings(original: np.ndarray, seen: np.ndarray) -> tuple[str, ...]:
    found = []
    if seen.max() == seen.min():
        found.append("The slice is blank: every pixel has the same intensity.")
    if min(original.shape[:2]) < min(seen.shape[:2]):
        found.append(
            f"The slice measures {original.shape[1]}×{original.shape[0]} pixels and was enlarged to "
            f"{seen.shape[1]}×{seen.shape[0]}."
        )
    return tuple(found)
