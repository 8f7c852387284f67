"""Rules that choose the threshold of a label: one function a rule, one line each in THRESHOLD_RULES.

A rule says of every candidate threshold, in ascending order, how good it is; the best is taken, among equals the
highest, which raises the fewest alarms. A candidate that does not meet the rule is worth minus infinity.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mri_core.evaluation.confusion import Confusion


@dataclass(frozen=True)
class Parameter:
    """What a rule must be told: a number above `above`, and at most `highest` where there is a limit.

    told: the rule in words once it has been told, {} standing for the number.
    """

    name: str
    default: float
    above: float
    highest: float | None
    told: str

    def allows(self, value: float) -> bool:
        """Whether a number is within the limits."""
        return self.above < value and (value <= self.highest if self.highest is not None else math.isfinite(value))


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

    def in_words(self, parameter: float | None) -> str:
        """The rule with what it was told: "Sensitivity of at least 0.9"."""
        return self.title if self.parameter is None else self.parameter.told.format(parameter)


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
        Parameter("sensitivity", 0.9, above=0.0, highest=1.0, told="Sensitivity of at least {:g}"),
        bound=lambda at: at.sensitivity,
    ),
    "precision": ThresholdRule(
        "At least this precision",
        least_precision,
        Parameter("precision", 0.9, above=0.0, highest=1.0, told="Precision of at least {:g}"),
        bound=lambda at: at.precision,
    ),
    "cost-ratio": ThresholdRule(
        "Least cost",
        cost_ratio,
        Parameter(
            "cost of a miss in false alarms",
            5.0,
            above=0.0,
            highest=None,
            told="Least cost, a miss costing {:g} false alarms",
        ),
    ),
}
"""Name -> rule, in the order in which a page offers them."""
