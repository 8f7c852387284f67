"""Named specifications to start from."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from mri_core.errors import InvalidInput, NotFound
from mri_core.training.spec import TrainingSpec

_CNN = TrainingSpec()
_DENSE = TrainingSpec(architecture="dense", flips="both")
_RECOMMENDED = TrainingSpec(
    architecture="residual",
    channels=1,
    epochs=20,
    patience=20,
    learning_rate=0.004,
    schedule="cosine",
    warmup=0.1,
    weight_decay=0.05,
    weight_averaging=0.99,
    flip_mode="random",
    shift=3,
    test_time_flips=True,
)
_IN_A_MINUTE = {
    "architecture": "residual-small",
    "epochs": 3,
    "patience": 3,
    "learning_rate": 0.005,
    "weight_averaging": 0.0,
    "shift": 0,
    "test_time_flips": False,
}

PRESETS: dict[str, TrainingSpec] = {
    "recommended": _RECOMMENDED,
    "recommended-fast": _RECOMMENDED.model_copy(update=_IN_A_MINUTE),
    "cnn": _CNN,
    "cnn-poisson": _CNN.model_copy(update={"loss": "poisson"}),
    "cnn-rmsprop": _CNN.model_copy(update={"optimizer": "rmsprop"}),
    "dense-adam": _DENSE,
    "dense-adam-80": _DENSE.model_copy(update={"batch_size": 80}),
    "dense": _DENSE.model_copy(update={"optimizer": "sgd", "learning_rate": 0.01, "epochs": 50}),
    "linear": TrainingSpec(architecture="linear", channels=1, flip_mode="random"),
}
"""Name -> specification: what this program recommends, the study's six, and a floor to compare with."""

JUDGES = "recommended-fast"
"""The preset whose networks judge labels unless others are asked for: five trainings in minutes."""


def make_spec(preset: str = "cnn", changes: Mapping[str, Any] | None = None) -> TrainingSpec:
    """A preset with some fields changed.

    changes: field name -> value; text is converted to the field's type, as from a command line.
    Raises NotFound for an unknown preset, InvalidInput (naming field, value and what was expected) for a bad change.
    """
    if preset not in PRESETS:
        raise NotFound(
            f"there is no preset '{preset}'{_closest(preset, PRESETS)}; expected one of {', '.join(PRESETS)}"
        )
    changes = dict(changes or {})
    for name in changes:
        if name not in TrainingSpec.model_fields:
            raise InvalidInput(
                f"there is no training setting '{name}'{_closest(name, TrainingSpec.model_fields)}; "
                f"expected one of {', '.join(TrainingSpec.model_fields)}"
            )
    try:
        return TrainingSpec.model_validate(PRESETS[preset].model_dump() | changes)
    except ValidationError as error:
        raise InvalidInput("; ".join(_in_words(problem) for problem in error.errors())) from error


def _closest(name: str, known: Mapping[str, Any]) -> str:
    match = get_close_matches(name, known, n=1)
    return f" (did you mean '{match[0]}'?)" if match else ""


def _in_words(problem: Any) -> str:
    field, value = problem["loc"][0], problem["input"]
    expected = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("expected ")
    return f"{field} is {value!r}, expected {expected}"
