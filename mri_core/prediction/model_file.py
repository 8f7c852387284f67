"""`model.json`: what stands beside a saved model, so that its answers carry names, calibration and thresholds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from mri_core.errors import InvalidInput, NotFound, StorageError
from mri_core.evaluation.calibration import Calibration, remapped
from mri_core.evaluation.calibrators import CALIBRATORS
from mri_core.evaluation.threshold_rules import THRESHOLD_RULES
from mri_core.evaluation.thresholds import MANUAL, ChosenThreshold
from mri_core.images.preprocessing import Preprocessing
from mri_core.locking import locked
from mri_core.replacing import replacing

MODEL_JSON, MODEL_ONNX, MODEL_KERAS = "model.json", "model.onnx", "model.keras"
NEW_THRESHOLD = 0.5
"""The threshold of every label of a new model."""


class ModelDescription(BaseModel):
    """Labels in the order of the model's outputs, what is concluded from them, and the slices the model takes.

    thresholds: label -> number in [0, 1]; where the label is calibrated it refers to calibrated probabilities.
    threshold_choices: label -> where its threshold came from; a label without one has that of a new model, 0.5 until
    it is calibrated. calibration: label -> what its probabilities go through after the model, the others nothing.
    preprocessing: how the training files became slices, and how new ones have to.
    onnx_difference: largest difference between the ONNX and the Keras model's probabilities when it was exported.
    sha256: of the model's files as they were saved, by name, in hexadecimal digits; older versions kept none.
    """

    model_config = ConfigDict(frozen=True)

    run: str
    dataset: dict[str, str]
    labels: tuple[str, ...]
    thresholds: dict[str, float]
    image_shape: tuple[int, ...]
    onnx_difference: float
    preprocessing: Preprocessing = Preprocessing()
    threshold_choices: dict[str, ChosenThreshold] = {}
    calibration: dict[str, Calibration] = {}
    sha256: dict[str, str] = {}

    @field_validator("calibration")
    @classmethod
    def _known_kinds(cls, calibration: dict[str, Calibration]) -> dict[str, Calibration]:
        for label, one in calibration.items():
            if one.kind not in CALIBRATORS:
                raise ValueError(f"{label} is calibrated by {one.kind!r}; expected one of {', '.join(CALIBRATORS)}")
        return calibration

    @field_validator("threshold_choices")
    @classmethod
    def _known_rules(cls, choices: dict[str, ChosenThreshold]) -> dict[str, ChosenThreshold]:
        known = (*THRESHOLD_RULES, MANUAL)
        for label, choice in choices.items():
            if choice.rule not in known:
                raise ValueError(f"the threshold of {label} is by {choice.rule!r}; expected one of {', '.join(known)}")
        return choices


def read_description(folder: Path) -> ModelDescription:
    """Read a run's `model.json`. Raises NotFound when the run has no model yet, StorageError when it is damaged."""
    path = folder / MODEL_JSON
    try:
        return ModelDescription.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise NotFound("this run has no model yet; wait for its training to end, or choose another run") from error
    except (OSError, ValidationError) as error:
        raise StorageError(f"{path} cannot be read; train the run again") from error


def hash_of(path: Path) -> str:
    """The SHA-256 of a file's contents, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_hash(folder: Path, name: str) -> None:
    """Compare a file of the run's model with its record before anything loads it: a changed one could run code.

    Raises NotFound and StorageError as `read_description`, StorageError where the file is not the one that was saved.
    """
    recorded = read_description(folder).sha256.get(name)
    path = folder / name
    try:
        unchanged = recorded is None or hash_of(path) == recorded
    except OSError as error:
        raise StorageError(f"{path} cannot be read ({error.strerror or error}); train the run again") from error
    if not unchanged:
        raise StorageError(
            f"{path} is not the file that was saved when the run ended: it was changed or is damaged, and is not "
            "loaded; put the saved file back, or train the run again"
        )


def version_of(folder: Path) -> str:
    """A text that changes whenever the run's `model.json` does, for whoever keeps what follows from it."""
    try:
        state = (folder / MODEL_JSON).stat()
    except OSError:
        return "no model"
    return f"{state.st_mtime_ns} {state.st_ino} {state.st_size}"


def save_thresholds(folder: Path, choices: Sequence[ChosenThreshold]) -> ModelDescription:
    """Make chosen thresholds those of the model; labels without a choice here keep theirs. Returns what is saved.

    Raises InvalidInput when the model has no such label, or was calibrated otherwise when the threshold was chosen;
    NotFound and StorageError as `read_description`, and StorageError when the disk refuses.
    """

    def change(description: ModelDescription) -> ModelDescription:
        for choice in choices:
            _check_choice(description, choice)
        thresholds = {choice.label: choice.value for choice in choices}
        return description.model_copy(
            update={
                "thresholds": description.thresholds | thresholds,
                "threshold_choices": description.threshold_choices | {choice.label: choice for choice in choices},
            }
        )

    return _changed(folder, change)


def forget_thresholds(folder: Path, labels: Sequence[str]) -> ModelDescription:
    """Give labels back the threshold of a new model: 0.5 of what the model itself gives. Returns what is saved.

    Where the label is calibrated, the threshold is what the calibration makes of 0.5. Raises as `save_thresholds`.
    """

    def change(description: ModelDescription) -> ModelDescription:
        if unknown := [label for label in labels if label not in description.labels]:
            raise InvalidInput(_unknown_label(description, unknown[0]))
        kept = {name: choice for name, choice in description.threshold_choices.items() if name not in labels}
        new = {label: remapped(NEW_THRESHOLD, label, {}, description.calibration) for label in labels}
        return description.model_copy(
            update={"thresholds": description.thresholds | new, "threshold_choices": kept},
        )

    return _changed(folder, change)


def save_calibration(folder: Path, calibration: Mapping[str, Calibration]) -> ModelDescription:
    """Make this the model's calibration, label -> calibration; a label left out loses its own. Returns what is saved.

    Thresholds move along, so that the model decides as before (`remapped` says what happens to isotonic ties).
    Raises InvalidInput when the model has no such label, NotFound and StorageError as `save_thresholds`.
    """

    def change(description: ModelDescription) -> ModelDescription:
        if unknown := sorted(calibration.keys() - set(description.labels)):
            raise InvalidInput(_unknown_label(description, unknown[0]))
        old = description.calibration
        touched = [name for name in description.labels if old.get(name) != calibration.get(name)]
        moved = {name: remapped(description.thresholds[name], name, old, calibration) for name in touched}
        dates = {name: calibration[name].date if name in calibration else None for name in touched}
        choices = {
            name: replace(choice, value=moved[name], calibrated=dates[name]) if name in moved else choice
            for name, choice in description.threshold_choices.items()
        }
        return description.model_copy(
            update={
                "thresholds": description.thresholds | moved,
                "threshold_choices": choices,
                "calibration": dict(calibration),
            }
        )

    return _changed(folder, change)


def _changed(folder: Path, change: Callable[[ModelDescription], ModelDescription]) -> ModelDescription:
    """Read, change and replace `model.json`, one process and thread at a time."""
    read_description(folder)  # a folder without a model shall not get a lock
    with locked(folder / f".{MODEL_JSON}.lock"):
        description = change(read_description(folder))
        write_description(folder, description)
    return description


def write_description(folder: Path, description: ModelDescription) -> None:
    """Replace `model.json` in one step."""
    with replacing(folder / MODEL_JSON) as file:
        file.write(description.model_dump_json(indent=1).encode())


def _check_choice(description: ModelDescription, choice: ChosenThreshold) -> None:
    if choice.label not in description.labels:
        raise InvalidInput(_unknown_label(description, choice.label))
    present = description.calibration.get(choice.label)
    if choice.calibrated != (present.date if present else None):
        raise InvalidInput(
            f"the calibration of {choice.label} has changed since its threshold was chosen; "
            "expected a threshold for the present one: choose it again"
        )


def _unknown_label(description: ModelDescription, label: str) -> str:
    return f"the model has no label '{label}'; it has {', '.join(description.labels)}"
