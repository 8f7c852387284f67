"""From slices to patients: does this patient carry the label anywhere, and how probable does the model make it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mri_core.errors import InvalidInput
from mri_core.evaluation.checks import checked_scores
from mri_core.evaluation.clusters import find_clusters


@dataclass(frozen=True, eq=False)
class PatientScores:
    """names: (patients,). truth: (patients, labels) uint8 of 0/1. probabilities: (patients, labels) in [0, 1]."""

    names: np.ndarray
    truth: np.ndarray
    probabilities: np.ndarray


def by_patient(
    truth: ArrayLike, probabilities: ArrayLike, patients: Sequence[object] | np.ndarray, top: int = 3
) -> PatientScores:
    """A patient carries a label when any slice does; its probability is the mean of the `top` most probable slices.

    truth, probabilities: (slices, labels). patients: (slices,); they are returned in order of appearance.
    top: at least 1; 1 is the rule "any slice", the maximum. A patient with fewer slices takes the mean of all.
    More than one makes a patient less dependent on a single wrong slice, as the k-max pooling of Durand, Thome & Cord,
    "WELDON: weakly supervised learning of deep convolutional neural networks" (2016).
    Raises InvalidInput when a patient is missing, or top is below 1.
    """
    truth, probabilities = checked_scores(truth, probabilities)
    clusters = find_clusters(patients, len(truth))
    if clusters.unit != "patient":
        raise InvalidInput("the patient of some slices is unknown; expected one for every slice to judge patients")
    if top < 1:
        raise InvalidInput(f"the mean of the top {top} slices was asked for; expected 1 or more")
    _, first = np.unique(clusters.of_slice, return_index=True)
    return PatientScores(
        names=np.asarray(patients, dtype=object)[first],
        truth=(clusters.sums(truth) > 0).astype(np.uint8),
        probabilities=np.stack([_top_mean(values, clusters.of_slice, top) for values in probabilities.T], axis=1),
    )


def _top_mean(values: np.ndarray, of_slice: np.ndarray, top: int) -> np.ndarray:
    """(patients,): the mean of each patient's highest values."""
    order = np.lexsort((-values, of_slice))
    sizes = np.bincount(of_slice)
    place = np.arange(len(values)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    kept = order[place < top]
    return np.bincount(of_slice[kept], weights=values[kept]) / np.minimum(sizes, top)
