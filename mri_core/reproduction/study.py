"""What the study reports, and what it takes to check it: tables, configurations and claims, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mri_core.training.presets import PRESETS
from mri_core.training.spec import TrainingSpec

LABELS = 3
"""The study's labels. Its figures for single labels fit data sets with as many, by position."""

SLICES = {"train": 12_000, "validation": 3_000, "test": 5_000}
NO_FINDING = 6_153
"""The study's training slices without any label."""
POSITIVES = (1_447, 1_153, 684)
"""The study's validation slices with each label, in order."""

Scores = tuple[float, float, float]
"""Precision, recall and F1, each in [0, 1]."""


@dataclass(frozen=True)
class Reported:
    """What the study says of a configuration. labels, averages: on validation at threshold 0.5, empty without a table.

    labels: one a label, in order. averages: the name of an average of `evaluation.averages` -> its scores.
    """

    words: str
    labels: tuple[Scores, ...] = ()
    averages: tuple[tuple[str, Scores], ...] = ()


REPORTED: dict[str, Reported] = {
    "cnn": Reported(
        "the best CNN; weights from about epoch 13 to 15",
        labels=((0.91, 0.92, 0.92), (0.87, 0.87, 0.87), (0.85, 0.81, 0.83)),
        averages=(
            ("micro", (0.88, 0.88, 0.88)),
            ("macro", (0.88, 0.87, 0.87)),
            ("weighted", (0.88, 0.88, 0.88)),
            ("samples", (0.43, 0.44, 0.42)),
        ),
    ),
    "cnn-poisson": Reported("worse than binary cross-entropy; shown as a plot only"),
    "cnn-rmsprop": Reported("worse than Adam; shown as a plot only"),
    "dense-adam": Reported(
        "the dense network with Adam",
        labels=((0.87, 0.94, 0.90), (0.81, 0.87, 0.84), (0.75, 0.52, 0.61)),
        averages=(
            ("micro", (0.83, 0.83, 0.83)),
            ("macro", (0.81, 0.77, 0.79)),
            ("weighted", (0.83, 0.83, 0.82)),
            ("samples", (0.42, 0.42, 0.41)),
        ),
    ),
    "dense-adam-80": Reported("accuracy fluctuates, no gain; shown as a plot only"),
    "dense": Reported(
        "the best dense network; stops at about epoch 30, weights from about epoch 26",
        labels=((0.89, 0.87, 0.88), (0.81, 0.84, 0.82), (0.72, 0.67, 0.69)),
        averages=(
            ("micro", (0.82, 0.82, 0.82)),
            ("macro", (0.80, 0.79, 0.80)),
            ("weighted", (0.82, 0.82, 0.82)),
            ("samples", (0.38, 0.40, 0.38)),
        ),
    ),
}
"""The study's six presets, in its order."""


def _variant(preset: str, **changes: Any) -> TrainingSpec:
    return PRESETS[preset].model_copy(update=changes)


VARIANTS: dict[str, TrainingSpec] = {
    "cnn-no-flips": _variant("cnn", flips="none"),
    "cnn-both-flips": _variant("cnn", flips="both"),
    "cnn-labelled-flips": _variant("cnn", only_labelled=True),
    "dense-no-flips": _variant("dense", flips="none"),
}
"""What the study compares its presets with: each differs from one of them in one setting."""

CONFIGURATIONS: dict[str, TrainingSpec] = {name: PRESETS[name] for name in REPORTED} | VARIANTS

MARGIN = 0.005
"""A gain in F1 up to this much counts as no help."""


@dataclass(frozen=True)
class Claim:
    """A statement of the study about two configurations, judged by the score of the first minus that of the second.

    kind: "better", the first has the higher score; "no help", it has not, up to MARGIN.
    label: whose F1 is compared, counted from 0; None compares the micro-F1.
    """

    text: str
    first: str
    second: str
    kind: Literal["better", "no help"] = "better"
    label: int | None = None


CLAIMS: tuple[Claim, ...] = (
    Claim("Horizontal flips help the CNN", "cnn", "cnn-no-flips"),
    Claim("Both flips do not help the CNN beyond horizontal ones", "cnn-both-flips", "cnn", "no help"),
    Claim("Flipping only slices with a label does not help the CNN", "cnn-labelled-flips", "cnn", "no help"),
    Claim("Both flips help the dense network", "dense", "dense-no-flips"),
    Claim("RMSprop is worse than Adam for the CNN", "cnn", "cnn-rmsprop"),
    Claim("Poisson is worse than binary cross-entropy for the CNN", "cnn", "cnn-poisson"),
    Claim("SGD at 0.01 beats Adam for the dense network's label 3", "dense", "dense-adam", label=2),
    Claim("A batch of 80 brings the dense network no gain", "dense-adam-80", "dense-adam", "no help"),
    Claim("The CNN beats the dense network", "cnn", "dense"),
)
