"""The threshold of a label: chosen on validation by a rule or set by hand, with a record of where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import ArrayLike

from mri_core.errors import InvalidInput, NotFound
from mri_core.evaluation.calibration import SPLIT, Calibration, calibrated_predictions, check_split
from mri_core.evaluation.checks import checked_thresholds
from mri_core.evaluation.confusion import Confusion, ConfusionAt
from mri_core.evaluation.predictions import Predictions
from mri_core.evaluation.threshold_rules import THRESHOLD_RULES

MANUAL = "manual"
"""The rule of a threshold that was set by hand, at its parameter."""


class OutOfReach(InvalidInput):
    """The slices of a label do not let a rule choose its threshold."""


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
    rule: a name of THRESHOLD_RULES, or MANUAL; parameter: what the rule was told, None for a rule that takes nothing.
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

    @property
    def rule_in_words(self) -> str:
        """The rule with what it was told: "Sensitivity of at least 0.9"."""
        return "Set by hand" if self.rule == MANUAL else THRESHOLD_RULES[self.rule].in_words(self.parameter)


def choose_threshold(
    predictions: Predictions,
    label: str,
    rule: str,
    parameter: float | None = None,
    *,
    split: str = SPLIT,
    calibration: Mapping[str, Calibration] | None = None,
) -> ChosenThreshold:
    """Choose the threshold of one label on validation, by a rule of THRESHOLD_RULES or, with MANUAL, by its parameter.

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
    choose = _by_hand if rule == MANUAL else best_threshold
    value, at = choose(predictions.truth[:, column], probabilities[:, column], label, rule, parameter)
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


def choose_thresholds(
    predictions: Predictions,
    labels: Sequence[str],
    rule: str,
    parameter: float | None = None,
    *,
    split: str = SPLIT,
    calibration: Mapping[str, Calibration] | None = None,
) -> tuple[list[ChosenThreshold], dict[str, str]]:
    """Choose the thresholds of several labels by one rule: the choices, and label -> why there is none.

    Raises as `choose_threshold`, but not when the rule cannot be met for a label.
    """
    chosen, refused = [], {}
    for label in labels:
        try:
            chosen.append(choose_threshold(predictions, label, rule, parameter, split=split, calibration=calibration))
        except OutOfReach as error:
            refused[label] = str(error)
    return chosen, refused


def best_threshold(
    truth: ArrayLike, probabilities: ArrayLike, label: str, rule: str, parameter: float | None = None
) -> tuple[float, Confusion]:
    """The threshold in [0, 1] that a rule likes best, and the counts there.

    truth: (slices,) of 0/1. probabilities: (slices,) in [0, 1]. Raises as `choose_threshold`.
    """
    if rule not in THRESHOLD_RULES:
        raise NotFound(f"there is no threshold rule '{rule}'; there are {', '.join((*THRESHOLD_RULES, MANUAL))}")
    wanted = _checked(rule, parameter)
    confusion_at = ConfusionAt.of(truth, probabilities)
    _check_support(confusion_at, label, rule)
    candidates = confusion_at.candidates()
    at = confusion_at(candidates)
    merit = THRESHOLD_RULES[rule].merit(at, wanted)
    bound = THRESHOLD_RULES[rule].bound
    if bound is not None and not np.isfinite(merit).any():
        best = int(np.nanargmax(bound(at)))
        raise OutOfReach(
            f"no threshold gives {label} a {rule} of {wanted:g}: the best is {bound(at)[best]:.3f}, "
            f"at {candidates[best]:.3f}; ask for less or choose another rule"
        )
    chosen = float(candidates[np.flatnonzero(merit == merit.max())[-1]])
    return chosen, confusion_at(chosen)


def _by_hand(
    truth: ArrayLike, probabilities: ArrayLike, label: str, _rule: str, value: float | None
) -> tuple[float, Confusion]:
    """The threshold that was given, and the counts there."""
    (checked,) = checked_thresholds([np.nan if value is None else value], [label]).tolist()
    return checked, ConfusionAt.of(truth, probabilities)(checked)


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
    if parameter is None or not expected.allows(parameter):
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
            raise OutOfReach(
                f"{label} has no {kind} among {len(at.positives) + len(at.negatives)} slices, so the rule {rule} "
                "cannot choose its threshold; keep the present one or use a data set whose validation split has some"
            )
