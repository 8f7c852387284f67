"""Label probabilities of new slices, through ONNX Runtime. No TensorFlow."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mri_core.errors import MriError, StorageError
from mri_core.evaluation.calibration import calibrated
from mri_core.images.prepare import prepare, with_channels
from mri_core.images.slice import Slice
from mri_core.prediction.doubts import doubts
from mri_core.prediction.model_file import MODEL_ONNX, ModelDescription, check_hash, read_description
from mri_core.prediction.reference import Reference

BURNED_IN = "The file says that text is burned into its pixels: it may name the patient, and a model may read it."

_BATCH = 32
"""What fits a processor's cache: larger batches are slower and hold more memory."""

_one_at_a_time = threading.Lock()  # makes a reference: several threads would each take the seconds


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
    """A run's model, loaded. Safe to share between threads.

    folder: the run's, with the model's file and the reference that slices are compared with; None where there is none.
    """

    description: ModelDescription
    session: Any
    folder: Path | None = None

    @property
    def model(self) -> Path | None:
        """The file that the session is of."""
        return self.folder and self.folder / MODEL_ONNX

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
        return self._calibrated(self.outputs(slices))

    def predict(self, slices: Sequence[Slice]) -> list[Prediction]:
        """Prepare slices as the training slices were, predict them, and say what speaks against believing it."""
        shape, how = self.description.image_shape, self.description.preprocessing
        seen = np.stack([prepare(one, shape, how.resampling) for one in slices])
        given = self.outputs(seen)
        originals = [one.pixels for one in slices]
        warnings = doubts(originals, seen, given, self.description, self._compared[0], self.outputs)
        return [self._conclude(*one) for one in zip(slices, seen, self._calibrated(given), warnings, strict=True)]

    def not_compared(self) -> str | None:
        """Why slices are not compared with the training slices, as a sentence to say once; None where they are.

        Takes seconds the first time where the run has no reference yet, which the first prediction then need not take.
        """
        return self._compared[1]

    @cached_property
    def _compared(self) -> tuple[Reference | None, str | None]:
        from mri_core.prediction.reference_fit import kept_reference

        if self.folder is None:
            return None, None
        with _one_at_a_time:
            try:
                return kept_reference(self.folder, self.description, self.outputs), None
            except (MriError, OSError) as error:
                return None, f"The slices are not compared with those the model was trained on: {error}."

    def _calibrated(self, given: np.ndarray) -> np.ndarray:
        return calibrated(given, self.description.labels, self.description.calibration)

    def _conclude(
        self, original: Slice, seen: np.ndarray, probabilities: np.ndarray, warnings: tuple[str, ...]
    ) -> Prediction:
        named = {name: float(value) for name, value in zip(self.description.labels, probabilities, strict=True)}
        thresholds = self.description.thresholds
        return Prediction(
            source=original.source,
            position=original.position,
            seen=seen,
            probabilities=named,
            thresholds=thresholds,
            labels=tuple(name for name, value in named.items() if value >= thresholds[name]),
            warnings=(*warnings, BURNED_IN) if original.burned_in else warnings,
        )


def load_predictor(folder: Path) -> Predictor:
    """Load the model of the run kept in `folder`. Raises NotFound when it has none, StorageError when it is damaged."""
    import onnxruntime
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidProtobuf, NoSuchFile

    description = read_description(folder)
    check_hash(folder, MODEL_ONNX)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Its threads would wait in a loop after every call, which takes milliseconds of a core from whatever else runs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(str(folder / MODEL_ONNX), options, providers=["CPUExecutionProvider"])
    except (NoSuchFile, InvalidProtobuf, Fail) as error:
        raise StorageError(f"{folder / MODEL_ONNX} cannot be read; train the run again") from error
    return Predictor(description, session, folder)
