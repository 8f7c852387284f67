"""What the predictions of a volume's slices say together: where each label peaks, and of the patient as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mri_core.evaluation.judgement import TOP_SLICES
from mri_core.images.preprocessing import Axis
from mri_core.prediction.predictor import Prediction


@dataclass(frozen=True)
class VolumeAnswer:
    """What a model says of the patient whose slices these are.

    slices: how many there are. top: how many of them a label's probability is the mean of.
    probabilities, thresholds: by label, in [0, 1]. labels: those whose probability reaches their threshold.
    peaks: by label, the place of its most probable slice, from 0. highest: by label, the probability there.
    reached: by label, in how many slices it reaches its threshold.
    """

    slices: int
    top: int
    probabilities: Mapping[str, float]
    thresholds: Mapping[str, float]
    labels: tuple[str, ...]
    peaks: Mapping[str, int]
    highest: Mapping[str, float]
    reached: Mapping[str, int]


def answer_volume(predictions: Sequence[Prediction], top: int = TOP_SLICES) -> VolumeAnswer:
    """A label's probability for the patient is the mean of its `top` most probable slices, or of all of them.

    The rule by which reports score patients (`evaluation.patients.by_patient`), at the same thresholds. Not the highest
    slice: with more slices, each another chance to be wrong, that gets higher by itself.
    predictions: at least one, of one model.
    """
    thresholds = predictions[0].thresholds
    along = {name: np.array([one.probabilities[name] for one in predictions]) for name in thresholds}
    probabilities = {name: float(np.sort(values)[-top:].mean()) for name, values in along.items()}
    return VolumeAnswer(
        slices=len(predictions),
        top=min(top, len(predictions)),
        probabilities=probabilities,
        thresholds=thresholds,
        labels=tuple(name for name, value in probabilities.items() if value >= thresholds[name]),
        peaks={name: int(values.argmax()) for name, values in along.items()},
        highest={name: float(values.max()) for name, values in along.items()},
        reached={name: int((values >= thresholds[name]).sum()) for name, values in along.items()},
    )


def top_slices(predictions: Sequence[Prediction], label: str, number: int) -> list[int]:
    """Places of the slices in which a label is most probable, from 0, the most probable first, earlier ones at ties."""
    return sorted(range(len(predictions)), key=lambda place: -predictions[place].probabilities[label])[:number]


def places_in_mm(predictions: Sequence[Prediction]) -> list[float] | None:
    """Where the slices lie along their axis; None where that is not known of all, or they do not lie one after another.

    Files without a spacing number their slices, which is no place: 0, 1, 2 … or 1, 2, 3 … counts as a numbering.
    """
    known = [one.position for one in predictions if one.position is not None]
    if len(known) < max(len(predictions), 2):
        return None
    steps = np.diff(known)
    numbered = known[0] >= 0 and float(known[0]).is_integer() and bool((steps == 1).all())
    return None if numbered or not ((steps > 0).all() or (steps < 0).all()) else known


def same_slices(first: Sequence[Prediction], second: Sequence[Prediction], axes: tuple[Axis, Axis]) -> bool:
    """Whether two models answered for the same slices of a file. axes: along which each of them cuts volumes."""
    places = [[one.position for one in predictions] for predictions in (first, second)]
    return places[0] == places[1] and (len(first) == 1 or axes[0] == axes[1])
