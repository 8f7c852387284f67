"""Calibration: fitted on validation, chosen by held-out log loss, applied alike in evaluation and prediction.

Whoever shows a calibrated model's probabilities shows `calibrated` ones, and its thresholds refer to them. Stored
predictions stay as the model gave them, so a calibration can be replaced or removed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import ArrayLike

from mri_core.errors import InvalidInput, NotFound
from mri_core.evaluation.calibrators import CALIBRATORS
from mri_core.evaluation.checks import checked_scores
from mri_core.evaluation.log_loss import log_losses
from mri_core.evaluation.predictions import Predictions

SPLIT = "validation"
"""The only split on which thresholds and calibrations are chosen: test figures are taken at what was frozen before."""
LEAST_SUPPORT = 50
"""Positives and negatives that a label must each have: fewer fit noise."""
FOLDS = 5
"""Parts that are held out in turn; each must be able to hold patients with and without the label."""


@dataclass(frozen=True)
class Calibration:
    """How the probabilities of one label are calibrated.

    kind: a name of CALIBRATORS; parameters: what it was fitted to, numbers only.
    log_loss_before, log_loss_after: mean log loss of held-out slices as the model gave them and calibrated; compared:
    the latter for every kind that was tried.
    split, support: the slices it was fitted on and how many of them carry the label; date: when, ISO 8601 in UTC.
    """

    kind: str
    parameters: dict[str, float | list[float]]
    log_loss_before: float
    log_loss_after: float
    compared: dict[str, float]
    support: int
    split: str
    date: str


def calibrated(
    probabilities: ArrayLike, label_names: Sequence[str], calibration: Mapping[str, Calibration]
) -> np.ndarray:
    """Calibrated probabilities, (slices, labels) float64 in [0, 1]; a label without a calibration stays as it is.

    probabilities: (slices, labels) in [0, 1], as the model gave them, one column a name of label_names.
    """
    columns = np.array(probabilities, dtype=float)
    for position, name in enumerate(label_names):
        if one := calibration.get(name):
            columns[:, position] = CALIBRATORS[one.kind].apply(columns[:, position], one.parameters)
    return columns


def check_split(split: str) -> None:
    """Raises InvalidInput unless the split is the one to choose on."""
    if split != SPLIT:
        raise InvalidInput(
            f"thresholds and calibrations were to be chosen on {split}; expected {SPLIT}: "
            "scores on any other split hold only for what was frozen before"
        )


def calibrated_predictions(predictions: Predictions, calibration: Mapping[str, Calibration]) -> Predictions:
    """Stored predictions as the calibrated model would give them."""
    return replace(
        predictions, probabilities=calibrated(predictions.probabilities, predictions.label_names, calibration)
    )


def fit_calibration(
    truth: ArrayLike,
    probabilities: ArrayLike,
    label: str,
    patients: ArrayLike | None = None,
    *,
    kinds: Sequence[str] = tuple(CALIBRATORS),
    split: str = SPLIT,
) -> Calibration:
    """Fit every kind of calibrator to one label and keep the one with the least log loss on held-out slices.

    truth: (slices,) of 0/1. probabilities: (slices,) in [0, 1] as the model gave them. patients: (slices,), the patient
    of each; all slices of one are held out together (without them, slice by slice, which flatters).
    Stratified cross-validation: Kohavi, "A study of cross-validation and bootstrap" (1995). The one kept is fitted to
    all slices again. Being the best of those compared, its held-out loss is slightly flattering.
    Raises InvalidInput when the split is not validation or there is too little to fit, NotFound for an unknown kind.
    """
    check_split(split)
    if unknown := [kind for kind in kinds if kind not in CALIBRATORS]:
        raise NotFound(f"there is no calibrator '{unknown[0]}'; there are {', '.join(CALIBRATORS)}")
    truths, columns = checked_scores(np.asarray(truth)[..., np.newaxis], np.asarray(probabilities)[..., np.newaxis])
    carried, scores = truths[:, 0], columns[:, 0]
    groups = None if patients is None else np.asarray(patients)
    _check_support(carried, groups, label)
    folds = _folds(carried, groups)
    compared = {kind: _held_out_loss(kind, carried, scores, folds) for kind in dict.fromkeys(("identity", *kinds))}
    kind = min(kinds, key=lambda one: compared[one])
    return Calibration(
        kind=kind,
        parameters=dict(CALIBRATORS[kind].fit(carried, scores)),
        log_loss_before=compared["identity"],
        log_loss_after=compared[kind],
        compared={one: compared[one] for one in kinds},
        support=int(carried.sum()),
        split=split,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def fit_calibrations(
    predictions: Predictions, patients: ArrayLike | None = None, *, split: str = SPLIT
) -> tuple[dict[str, Calibration], dict[str, str]]:
    """Calibrate every label that can be: label -> calibration, and label -> why there is none.

    predictions: the stored ones, as the model gave them; patients: (slices,). Raises InvalidInput unless the
    split is validation.
    """
    check_split(split)
    fitted, refused = {}, {}
    for name, truth, values in zip(
        predictions.label_names, predictions.truth.T, predictions.probabilities.T, strict=True
    ):
        try:
            fitted[name] = fit_calibration(truth, values, name, patients, split=split)
        except InvalidInput as error:
            refused[name] = str(error)
    return fitted, refused


def remapped(threshold: float, label: str, old: Mapping[str, Calibration], new: Mapping[str, Calibration]) -> float:
    """The threshold that decides under the calibration `new` as `threshold` does under `old`.

    old, new: label -> calibration. First the smallest probability of the model itself that reaches the threshold, then
    what becomes of it. Where an isotonic calibration gives both sides of the threshold the same probability, all of
    these slices are on: none that was on goes off. A threshold that no probability reaches becomes 1.
    """
    raw = _smallest_reaching(threshold, label, old)
    return float(calibrated([[raw]], [label], new)[0, 0])


def _smallest_reaching(threshold: float, label: str, calibration: Mapping[str, Calibration]) -> float:
    """The smallest number in [0, 1] whose calibrated probability reaches the threshold; 1 when none does.

    By bisection down to neighbouring floats, through the very function that calibrates, so it is exact for every kind.
    """

    def reaches(probability: float) -> bool:
        return bool(calibrated([[probability]], [label], calibration)[0, 0] >= threshold)

    if label not in calibration:
        return threshold
    if reaches(0.0):
        return 0.0
    off, on = 0.0, 1.0
    while off < (middle := off + (on - off) / 2) < on:
        off, on = (off, middle) if reaches(middle) else (middle, on)
    return on


def _check_support(truth: np.ndarray, patients: np.ndarray | None, label: str) -> None:
    """Refuse to calibrate on too few positives or negatives, or on too few patients that have any."""
    for name, rows in (("positives", truth == 1), ("negatives", truth == 0)):
        if (slices := int(rows.sum())) < LEAST_SUPPORT:
            raise InvalidInput(
                f"{label} has {slices} {name}; expected at least {LEAST_SUPPORT} to calibrate it: "
                "leave it as it is or use a data set with more validation slices"
            )
        if patients is not None and (several := len(np.unique(patients[rows]))) < FOLDS:
            raise InvalidInput(
                f"the {name} of {label} come from {several} patient(s); expected at least {FOLDS} to calibrate it: "
                "leave it as it is or use a data set with more validation patients"
            )


def _folds(truth: np.ndarray, patients: np.ndarray | None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit on and rows held out, FOLDS times; no patient is in both, every slice is held out once."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    parts = (StratifiedKFold if patients is None else StratifiedGroupKFold)(FOLDS, shuffle=True, random_state=0)
    return list(parts.split(np.zeros(len(truth)), truth, patients))


def _held_out_loss(
    kind: str, truth: np.ndarray, probabilities: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]]
) -> float:
    """Mean log loss of a calibrator over slices that it was not fitted to."""
    calibrator = CALIBRATORS[kind]
    held_out = np.empty(len(truth))
    for rows, kept in folds:
        held_out[kept] = calibrator.apply(probabilities[kept], calibrator.fit(truth[rows], probabilities[rows]))
    return float(log_losses(truth, held_out).mean())
