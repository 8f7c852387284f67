"""Ways to calibrate the probabilities of one label: a fit and an application each, one line each in CALIBRATORS.

All are monotone, so that calibrating never changes the order of two slices; all but isotonic keep it strictly (up to
rounding). Applying one takes NumPy alone, because prediction does it after the exported model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mri_core.evaluation.log_loss import logits, sigmoid

Parameters = Mapping[str, float | list[float]]
"""Numbers and lists of numbers, as they stand in JSON."""

SLOPES = (0.05, 10.0)
"""A calibrator multiplies logits by at least and at most this: always upwards, never to a step."""


@dataclass(frozen=True)
class Calibrator:
    """fit: truth (slices,) of 0/1 and probabilities (slices,) in [0, 1] -> parameters.
    apply: probabilities of any shape and parameters -> probabilities, float64 in [0, 1].
    """

    fit: Callable[[np.ndarray, np.ndarray], Parameters]
    apply: Callable[[np.ndarray, Parameters], np.ndarray]


def fit_identity(_truth: np.ndarray, _probabilities: np.ndarray) -> Parameters:
    """Nothing to fit."""
    return {}


def apply_identity(probabilities: np.ndarray, _parameters: Parameters) -> np.ndarray:
    """The probabilities as they are."""
    return np.asarray(probabilities, dtype=float)


def fit_temperature(truth: np.ndarray, probabilities: np.ndarray) -> Parameters:
    """The temperature that divides the logits for the least log loss.

    Guo, Pleiss, Sun & Weinberger, "On calibration of modern neural networks" (2017), for one sigmoid a label.
    """
    from scipy.optimize import minimize_scalar

    values = logits(probabilities)

    def loss(logarithm: float) -> float:
        scores = values * np.exp(logarithm)
        return float((np.logaddexp(0, scores) - truth * scores).mean())

    found = minimize_scalar(loss, bounds=np.log(SLOPES), method="bounded", options={"xatol": 1e-6})
    return {"temperature": float(np.exp(-found.x))}


def apply_temperature(probabilities: np.ndarray, parameters: Parameters) -> np.ndarray:
    """sigmoid(logit / temperature)."""
    return sigmoid(logits(probabilities) / np.asarray(parameters["temperature"]))


def fit_platt(truth: np.ndarray, probabilities: np.ndarray) -> Parameters:
    """Slope and intercept of a logistic regression on the logits, towards Platt's smoothed targets.

    J. Platt, "Probabilistic outputs for support vector machines" (1999); numerically as Lin, Lin & Weng, "A note on
    Platt's probabilistic outputs" (2007). The slope is kept positive.
    """
    from scipy.optimize import minimize

    values, targets = logits(probabilities), smoothed_targets(truth)

    def loss_and_gradient(line: np.ndarray) -> tuple[float, np.ndarray]:
        scores = line[0] * values + line[1]
        wrong = sigmoid(scores) - targets
        return float((np.logaddexp(0, scores) - targets * scores).mean()), np.array(
            [(wrong * values).mean(), wrong.mean()]
        )

    options = {"ftol": 1e-14, "gtol": 1e-9}
    found = minimize(loss_and_gradient, [1.0, 0.0], jac=True, bounds=[SLOPES, (None, None)], options=options)
    return {"slope": float(found.x[0]), "intercept": float(found.x[1])}


def apply_platt(probabilities: np.ndarray, parameters: Parameters) -> np.ndarray:
    """sigmoid(slope × logit + intercept)."""
    return sigmoid(np.asarray(parameters["slope"]) * logits(probabilities) + np.asarray(parameters["intercept"]))


def fit_isotonic(truth: np.ndarray, probabilities: np.ndarray) -> Parameters:
    """Knots of the monotone curve nearest to Platt's smoothed targets, which keep it off 0 and 1.

    Zadrozny & Elkan, "Transforming classifier scores into accurate multiclass probability estimates" (2002).
    """
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(out_of_bounds="clip").fit(np.asarray(probabilities, float), smoothed_targets(truth))
    return {"x": curve.X_thresholds_.tolist(), "y": curve.y_thresholds_.tolist()}


def apply_isotonic(probabilities: np.ndarray, parameters: Parameters) -> np.ndarray:
    """Linear between the knots, level beyond them."""
    return np.interp(probabilities, parameters["x"], parameters["y"])


def smoothed_targets(truth: np.ndarray) -> np.ndarray:
    """Platt's targets, (slices,): (n + 1) / (n + 2) for each of n positives, 1 / (m + 2) for each of m negatives."""
    positives = int(np.sum(truth))
    return np.where(np.asarray(truth) == 1, (positives + 1) / (positives + 2), 1 / (len(truth) - positives + 2))


CALIBRATORS: dict[str, Calibrator] = {
    "identity": Calibrator(fit_identity, apply_identity),
    "temperature": Calibrator(fit_temperature, apply_temperature),
    "platt": Calibrator(fit_platt, apply_platt),
    "isotonic": Calibrator(fit_isotonic, apply_isotonic),
}
"""Name -> calibrator, the simplest first: among equals the first is taken."""
