"""`model.json`: what stands beside a saved model, so that its answers carry names and thresholds."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from mri_core.errors import NotFound, StorageError

MODEL_JSON, MODEL_ONNX, MODEL_KERAS = "model.json", "model.onnx", "model.keras"


class ModelDescription(BaseModel):
    """Labels in the order of the model's outputs, their thresholds, and the slices the model takes.

    onnx_difference: largest difference between the ONNX and the Keras model's probabilities when it was exported.
    """

    model_config = ConfigDict(frozen=True)

    run: str
    dataset: dict[str, str]
    labels: tuple[str, ...]
    thresholds: dict[str, float]
    image_shape: tuple[int, ...]
    onnx_difference: float


def read_description(folder: Path) -> ModelDescription:
    """Read a run's `model.json`. Raises NotFound when the run has no model yet, StorageError when it is damaged."""
    path = folder / MODEL_JSON
    try:
        return ModelDescription.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise NotFound("this run has no model yet; wait for its training to end, or choose another run") from error
    except (OSError, ValidationError) as error:
        raise StorageError(f"{path} cannot be read; train the run again") from error
