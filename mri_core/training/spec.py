"""`TrainingSpec`: everything that decides a run, as plain data.

The form of the Train page, the options of `mri train` and the columns of the run table all follow from these fields.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic.config import JsonDict

from mri_core.models import ARCHITECTURES

# The heading under which a form shows a field.
_NETWORK: JsonDict = {"group": "Network"}
_LEARNING: JsonDict = {"group": "Learning"}
_LOSS: JsonDict = {"group": "Loss and regularisation"}
_AUGMENTATION: JsonDict = {"group": "Augmentation"}
_REPEATABILITY: JsonDict = {"group": "Repeatability"}
_CROSS_VALIDATION: JsonDict = {"group": "Cross-validation"}

PARTS = 5
"""Parts into which cross-validation deals the patients of training."""


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
        json_schema_extra={**_NETWORK, "choices": list(ARCHITECTURES)},
    )
    channels: Annotated[Literal[1, 3], BeforeValidator(_as_number)] = Field(
        default=3,
        title="Channels",
        description="The study repeats a grey slice into three channels; one channel gives a smaller first layer.",
        json_schema_extra=_NETWORK,
    )
    epochs: int = Field(
        default=20,
        ge=1,
        le=1000,
        title="Epochs",
        description="The most passes over the training slices before it ends.",
        json_schema_extra=_LEARNING,
    )
    patience: int = Field(
        default=4,
        ge=1,
        le=1000,
        title="Patience",
        description="Training ends after this many epochs without a lower validation loss; the weights of the best "
        "epoch are kept.",
        json_schema_extra=_LEARNING,
    )
    batch_size: int = Field(
        default=64,
        ge=1,
        le=4096,
        title="Batch size",
        description="Slices averaged into one step. The study found 50 to 70 good for the CNN.",
        json_schema_extra=_LEARNING,
    )
    optimizer: Literal["adam", "sgd", "nesterov", "rmsprop"] = Field(
        default="adam",
        title="Optimizer",
        description="How weights follow the gradient. Adam adapts each weight's step; SGD takes plain steps and "
        "wants a learning rate about ten times larger; Nesterov is SGD with momentum.",
        json_schema_extra=_LEARNING,
    )
    learning_rate: float = Field(
        default=0.001,
        gt=0,
        le=1,
        title="Learning rate",
        description="The size of a step. Too large and the loss jumps about; too small and training crawls.",
        json_schema_extra=_LEARNING,
    )
    schedule: Literal["constant", "cosine", "linear"] = Field(
        default="constant",
        title="Learning rate schedule",
        description="How the learning rate changes over all epochs. Cosine and linear fall to zero, which ends a "
        "training calmly; they want a patience as long as the training.",
        json_schema_extra=_LEARNING,
    )
    warmup: float = Field(
        default=0.0,
        ge=0,
        le=0.9,
        title="Warm-up",
        description="The share of the training over which the learning rate rises from zero.",
        json_schema_extra=_LEARNING,
    )
    loss: Literal["binary_crossentropy", "categorical_crossentropy", "poisson", "focal", "asymmetric"] = Field(
        default="binary_crossentropy",
        title="Loss",
        description="What training minimises. Binary cross-entropy judges each label by itself, which is what several "
        "labels at once need; focal and asymmetric loss dwell on hard slices, for rare labels; the other two are here "
        "because the study tried them.",
        json_schema_extra=_LOSS,
    )
    class_weights: Literal["none", "balanced"] = Field(
        default="none",
        title="Class weights",
        description="Balanced lets the slices with and without a label weigh the same in all, label by label. For rare "
        "labels; probabilities are then too high by design.",
        json_schema_extra=_LOSS,
    )
    label_smoothing: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        title="Label smoothing",
        description="How far the labels of training are moved from 0 and 1 towards one half, against overconfidence.",
        json_schema_extra=_LOSS,
    )
    weight_decay: float = Field(
        default=0.0,
        ge=0,
        le=1,
        title="Weight decay",
        description="Pulls weights towards zero beside the gradient, against overfitting. With Adam this is AdamW.",
        json_schema_extra=_LOSS,
    )
    weight_averaging: float = Field(
        default=0.0,
        ge=0,
        le=0.9999,
        title="Weight averaging",
        description="Judges and keeps a running average of the weights, this much of which stays at every step; 0.99 "
        "looks back over about 100 steps. 0 keeps the weights as they are.",
        json_schema_extra=_LOSS,
    )
    flips: Literal["none", "horizontal", "vertical", "both"] = Field(
        default="horizontal",
        title="Flips",
        description="Mirrored copies of the training slices. Wrong for labels that name a side: a flip moves the "
        "finding but not its name.",
        json_schema_extra=_AUGMENTATION,
    )
    flip_mode: Literal["append", "random"] = Field(
        default="append",
        title="How flips are used",
        description="Append adds the flipped copies to the training set, as the study did, so an epoch grows. Random "
        "flips each slice by chance every time it is shown, and an epoch keeps its length.",
        json_schema_extra=_AUGMENTATION,
    )
    only_labelled: bool = Field(
        default=False,
        title="Flip only slices with a label",
        description="Leaves slices without a finding as they are. The study tried this without gain.",
        json_schema_extra=_AUGMENTATION,
    )
    shift: int = Field(
        default=0,
        ge=0,
        le=32,
        title="Shift",
        description="The most pixels by which a training slice is moved along each axis, anew whenever it is shown.",
        json_schema_extra=_AUGMENTATION,
    )
    intensity: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        title="Intensity change",
        description="The most by which a training slice's brightness and contrast change at random, as a share of the "
        "full scale.",
        json_schema_extra=_AUGMENTATION,
    )
    test_time_flips: bool = Field(
        default=False,
        title="Average with the mirrored slice",
        description="The finished model answers with the average over a slice and its mirror image: often better, "
        "twice the work. As wrong as flips for labels that name a side.",
        json_schema_extra=_AUGMENTATION,
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=2**31 - 1,
        title="Seed",
        description="Starting point of all random numbers: the same seed on the same machine repeats the run.",
        json_schema_extra=_REPEATABILITY,
    )

    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto",
        title="Precision",
        description="The numbers that training computes in. Automatic takes bfloat16 where the processor or the GPU is "
        "made for it; weights and the finished model are float32 in any case.",
        json_schema_extra=_REPEATABILITY,
    )
    left_out: int = Field(
        default=0,
        ge=0,
        le=PARTS,
        title="Part left out",
        description="Of five parts that the training patients are dealt into, the one that is not learnt from but "
        "judged afterwards; 0 learns from all. Five runs judge every slice without having seen it, which finds wrong "
        "labels.",
        json_schema_extra=_CROSS_VALIDATION,
    )

    @field_validator("architecture")
    @classmethod
    def _known_architecture(cls, value: str) -> str:
        if value not in ARCHITECTURES:
            raise ValueError(f"expected one of {', '.join(ARCHITECTURES)}")
        return value
