"""`TrainingSpec`: everything that decides a run, as plain data; and the study's six presets.

The form of the Train page, the options of `mri train` and the columns of the run table all follow from these fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from mri_core.errors import InvalidInput, NotFound
from mri_core.models import ARCHITECTURES


def _as_number(value: Any) -> Any:
    """Choices among numbers come as text from a command line."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class TrainingSpec(BaseModel):
    """The settings of one training. Frozen; every field has a title, an explanation and a range."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str = Field(
        default="cnn",
        title="Architecture",
        description="The network. The CNN looks for local patterns anywhere in the slice; the dense network weighs "
        "every pixel at its place.",
        json_schema_extra={"choices": list(ARCHITECTURES)},
    )
    optimizer: Literal["adam", "sgd", "rmsprop"] = Field(
        default="adam",
        title="Optimizer",
        description="How weights follow the gradient. Adam adapts each weight's step; SGD takes plain steps and "
        "wants a learning rate about ten times larger.",
    )
    learning_rate: float = Field(
        default=0.001,
        gt=0,
        le=1,
        title="Learning rate",
        description="The size of a step. Too large and the loss jumps about; too small and training crawls.",
    )
    loss: Literal["binary_crossentropy", "categorical_crossentropy", "poisson"] = Field(
        default="binary_crossentropy",
        title="Loss",
        description="What training minimises. Binary cross-entropy judges each label by itself, which is what several "
        "labels at once need; the other two are here because the study tried them.",
    )
    batch_size: int = Field(
        default=64,
        ge=1,
        le=4096,
        title="Batch size",
        description="Slices averaged into one step. The study found 50 to 70 good for the CNN.",
    )
    epochs: int = Field(
        default=20,
        ge=1,
        le=1000,
        title="Epochs",
        description="The most passes over the training slices before it ends.",
    )
    patience: int = Field(
        default=4,
        ge=1,
        le=1000,
        title="Patience",
        description="Training ends after this many epochs without a lower validation loss; the weights of the best "
        "epoch are kept.",
    )
    flips: Literal["none", "horizontal", "vertical", "both"] = Field(
        default="horizontal",
        title="Flips",
        description="Mirrored copies of the training slices. Wrong for labels that name a side: a flip moves the "
        "finding but not its name.",
    )
    flip_mode: Literal["append", "random"] = Field(
        default="append",
        title="How flips are used",
        description="Append adds the flipped copies to the training set, as the study did, so an epoch grows. Random "
        "flips each slice by chance every time it is shown, and an epoch keeps its length.",
    )
    only_labelled: bool = Field(
        default=False,
        title="Flip only slices with a label",
        description="Leaves slices without a finding as they are. The study tried this without gain.",
    )
    channels: Annotated[Literal[1, 3], BeforeValidator(_as_number)] = Field(
        default=3,
        title="Channels",
        description="The study repeats a grey slice into three channels; one channel gives a smaller first layer.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=2**31 - 1,
        title="Seed",
        description="Starting point of all random numbers: the same seed on the same machine repeats the run.",
    )

    @field_validator("architecture")
    @classmethod
    def _known_architecture(cls, value: str) -> str:
        if value not in ARCHITECTURES:
            raise ValueError(f"expected one of {', '.join(ARCHITECTURES)}")
        return value


_CNN = TrainingSpec()
_DENSE = TrainingSpec(architecture="dense", flips="both")

PRESETS: dict[str, TrainingSpec] = {
    "cnn": _CNN,
    "cnn-poisson": _CNN.model_copy(update={"loss": "poisson"}),
    "cnn-rmsprop": _CNN.model_copy(update={"optimizer": "rmsprop"}),
    "dense-adam": _DENSE,
    "dense-adam-80": _DENSE.model_copy(update={"batch_size": 80}),
    "dense": _DENSE.model_copy(update={"optimizer": "sgd", "learning_rate": 0.01, "epochs": 50}),
}
"""The study's six configurations: name -> specification."""


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
