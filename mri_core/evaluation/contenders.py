"""Runs that can be compared: predictions for the same slices of the same version of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mri_core.errors import InvalidInput
from mri_core.evaluation.predictions import Predictions


@dataclass(frozen=True, eq=False)
class Contender:
    """A run's predictions for one split. fingerprint: of the data set it was trained on. thresholds: one a label."""

    name: str
    fingerprint: str
    predictions: Predictions
    thresholds: Sequence[float]


def aligned(a: Contender, b: Contender) -> Contender:
    """b with its slices in the order of a.

    Raises InvalidInput when the two differ in data set version, labels, slices or truth.
    """
    if a.fingerprint != b.fingerprint:
        raise InvalidInput(
            f"{a.name} and {b.name} were trained on different versions of the data set ({a.fingerprint[:12]} and "
            f"{b.fingerprint[:12]}); expected the same: train one of them again"
        )
    ours, theirs = a.predictions, b.predictions
    if ours.label_names != theirs.label_names:
        raise InvalidInput(
            f"{a.name} predicts {', '.join(ours.label_names)} and {b.name} predicts {', '.join(theirs.label_names)}; "
            "expected the same labels in the same order"
        )
    row = {slice_id: position for position, slice_id in enumerate(theirs.ids.tolist())}
    if row.keys() != set(ours.ids.tolist()) or not len(row) == len(ours.ids) == len(theirs.ids):
        common = len(row.keys() & set(ours.ids.tolist()))
        raise InvalidInput(
            f"{a.name} has predictions for {len(ours.ids):,} slices, {b.name} for {len(theirs.ids):,}, {common:,} of "
            "them the same; expected the same slices, each once: choose the same split"
        )
    order = np.array([row[slice_id] for slice_id in ours.ids.tolist()], dtype=int)
    moved = Predictions(ours.ids, theirs.truth[order], theirs.probabilities[order], ours.label_names)
    if not np.array_equal(ours.truth, moved.truth):
        different = int((ours.truth != moved.truth).any(axis=1).sum())
        raise InvalidInput(
            f"{a.name} and {b.name} were judged by different labels on {different:,} slices; expected the same truth: "
            "train one of them again"
        )
    return replace(b, predictions=moved)
