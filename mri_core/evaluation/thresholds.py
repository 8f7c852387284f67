"""Rules that choose the threshold of a label: one function a rule, one line each in THRESHOLD_RULES.

A rule says of every candidate threshold, in ascending order, how good it is; the best is taken, among equals the
highest, which raises the fewest alarms. A candidate that does not meet the rule is worth minus infinity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import ArrayLike

from mri_core.errors import InvalidInput, NotFound
from mri_core.evaluation.calibration import SPLIT, Calibration, calibrated_predictions, check_split
from mri_core.evaluation.confusion import Confusion, ConfusionAt
from mri_core.evaluation.predictions import Predictions


@dataclass(frozen=True)
class Parameter:
    """What a rule must be told: a number above `above`, and at most `highest` where there is a limit."""

    name: str
    default: float
    above: float
    highest: float | None


@dataclass(frozen=True)
class ThresholdRule:
    """title: the rule in words. merit: worth of every candidate, given the counts there and the parameter (or 0).

    bound: for a rule that may be out of reach, the score that must come to the parameter.
    """

    title: str
    merit: Callable[[Confusion, float], np.ndarray]
    parameter: Parameter | None = None
    bound: Callable[[Confusion], np.ndarray] | None = None
    needs_negatives: bool = False


@dataclass(frozen=True)
class OperatingPoint:
    """A label's scores at its threshold, each in [0, 1], None where undefined."""

    sensitivity: float | None
    specificity: float | None
    precision: float | None
    f1: float | None


@dataclass(frozen=True)
class ChosenThreshold:
    """A label's threshold and where it came from.

    value: in [0, 1]; the label is on when its probability, calibrated where the model is, reaches it.
    rule: a name of THRESHOLD_RULES; parameter: what the rule was told, None for a rule that takes nothing.
    split, support: the slices it was chosen on and how many of them carry the label; date: when, ISO 8601 in UTC.
    calibrated: the date of the calibration that the probabilities went through, None for the model's own.
    operating_point: the label's scores there, when it was chosen.
    """

    label: str
    value: float
    rule: str
    parameter: float | None
    split: str
    date: str
    support: int
    operating_point: OperatingPoint
    calibrated: str | None = None


def max_f1(at: Confusion, _parameter: float) -> np.ndarray:
    """Largest F1: Lipton, Elkan & Naryanaswamy, "Optimal thresholding of classifiers to maximize F1 measure" (2014)."""
    return at.f1


def youden(at: Confusion, _parameter: float) -> np.ndarray:
    """Largest sensitivity + specificity - 1: W. J. Youden, "Index for rating diagnostic tests" (1950).

    Both sides multiplied by positives × negatives, so that equal merits are equal numbers.
    """
    positives, negatives = at.true_positives + at.false_negatives, at.true_negatives + at.false_positives
    return at.true_positives * negatives - at.false_positives * positives.astype(float)


def least_sensitivity(at: Confusion, sensitivity: float) -> np.ndarray:
    """The highest threshold that finds at least this share of the positives: Pepe, "The Statistical Evaluation of
    Medical Tests for Classification and Prediction" (2003), chapter 4.
    """
    return np.where(at.sensitivity >= sensitivity, 0.0, -np.inf)


def least_precision(at: Confusion, precision: float) -> np.ndarray:
    """The most sensitivity with at least this precision: Manning, Raghavan & Schütze, "Introduction to Information
    Retrieval" (2008), chapter 8. Of the thresholds that find the same positives, the highest is the most precise.
    """
    return np.where(at.precision >= precision, at.sensitivity, -np.inf)


def cost_ratio(at: Confusion, ratio: float) -> np.ndarray:
    """Least expected cost when a miss costs `ratio` false alarms: C. Elkan, "The foundations of cost-sensitive
    learning" (2001). With well calibrated probabilities it is near 1 / (1 + ratio).
    """
    return -(ratio * at.false_negatives + at.false_positives)


THRESHOLD_RULES: dict[str, ThresholdRule] = {
    "max-f1": ThresholdRule("Best F1", max_f1),
    "youden": ThresholdRule("Youden's J", youden, needs_negatives=True),
    "sensitivity": ThresholdRule(
        "At least this sensitivity",
        least_sensitivity,
        Parameter("sensitivity", 0.9, above=0, highest=1),
        bound=lambda at: at.sensitivity,
    ),
    "precision": ThresholdRule(
        "At least this precision",
        least_precision,
        Parameter("precision", 0.9, above=0, highest=1),
        bound=lambda at: at.precision,
    ),
    "cost-ratio": ThresholdRule(
        "Least cost", cost_ratio, Parameter("cost of a miss in false alarms", 5.0, above=0, highest=None)
    ),
}
"""Name -> rule, in the order in which a page offers them."""


def choose_threshold(
    predictions: Predictions,
    label: str,
    rule: str,
    parameter: float | None = None,
    *,
    split: str = SPLIT,
    calibration: Mapping[str, Calibration] | None = None,
) -> ChosenThreshold:
    """Choose the threshold of one label on validation.

    predictions: the stored ones, as the model gave them. split: the split they are of. calibration: label -> what the
    model's probabilities go through; the threshold then refers to calibrated probabilities.
    Raises InvalidInput when the split is not validation, the rule cannot be met there or its parameter is out of
    range; NotFound when there is no such rule or label.
    """
    check_split(split)
    if label not in predictions.label_names:
        raise NotFound(f"there is no label '{label}'; there are {', '.join(predictions.label_names)}")
    calibration = calibration or {}
    column = predictions.label_names.index(label)
    probabilities = calibrated_predictions(predictions, calibration).probabilities
    value, at = best_threshold(predictions.truth[:, column], probabilities[:, column], label, rule, parameter)
    return ChosenThreshold(
        label=label,
        value=value,
        rule=rule,
        parameter=parameter,
        split=split,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        support=int(at.true_positives + at.false_negatives),
        operating_point=operating_point(at),
        calibrated=calibration[label].date if label in calibration else None,
    )


def best_threshold(
    truth: ArrayLike, probabilities: ArrayLike, label: str, rule: str, parameter: float | None = None
) -> tuple[float, Confusion]:
    """The threshold in [0, 1] that a rule likes best, and the counts there.

    truth: (slices,) of 0/1. probabilities: (slices,) in [0, 1]. Raises as `choose_threshold`.
    """
    if rule not in THRESHOLD_RULES:
        raise NotFound(f"there is no threshold rule '{rule}'; there are {', '.join(THRESHOLD_RULES)}")
    wanted = _checked(rule, parameter)
    confusion_at = ConfusionAt.of(truth, probabilities)
    _check_support(confusion_at, label, rule)
    candidates = confusion_at.candidates()
    at = confusion_at(candidates)
    merit = THRESHOLD_RULES[rule].merit(at, wanted)
    bound = THRESHOLD_RULES[rule].bound
    if bound is not None and not np.isfinite(merit).any():
        best = int(np.nanargmax(bound(at)))
        raise InvalidInput(
            f"no threshold gives {label} a {rule} of {wanted:g}: the best is {bound(at)[best]:.3f}, "
            f"at {candidates[best]:.3f}; ask for less or choose another rule"
        )
    chosen = float(candidates[np.flatnonzero(merit == merit.max())[-1]])
    return chosen, confusion_at(chosen)


def operating_point(at: Confusion) -> OperatingPoint:
    """The scores at one threshold, for counts that are single numbers."""
    scores = (at.sensitivity, at.specificity, at.precision, at.f1)
    return OperatingPoint(*(None if np.isnan(score) else float(score) for score in scores))


def _checked(rule: str, parameter: float | None) -> float:
    """The rule's parameter, 0 for a rule that takes none."""
    expected = THRESHOLD_RULES[rule].parameter
    if expected is None:
        if parameter is not None:
            raise InvalidInput(f"the threshold rule {rule} takes no parameter, received {parameter:g}; leave it out")
        return 0.0
    highest = np.finfo(float).max if expected.highest is None else expected.highest
    if parameter is None or not expected.above < parameter <= highest:
        limit = "" if expected.highest is None else f" and at most {expected.highest:g}"
        raise InvalidInput(
            f"the threshold rule {rule} was given {parameter} as {expected.name}; "
            f"expected a number above {expected.above:g}{limit}"
        )
    return parameter


def _check_support(at: ConfusionAt, label: str, rule: str) -> None:
    for kind, slices, needed in (
        ("positives", at.positives, True),
        ("negatives", at.negatives, THRESHOLD_RULES[rule].needs_negatives),
    ):
        if needed and not len(slices):
            raise InvalidInput(
                f"{label} has no {kind} among {len(at.positives) + len(at.negatives)} slices, so the rule {rule} "
                "cannot choose its threshold; keep the present one or use a data set whose validation split has some"
            )
