"""How far probabilities can be believed: reliability curve, expected calibration error, parts of the Brier score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mri_core.errors import InvalidInput
from mri_core.evaluation.checks import checked_scores
from mri_core.evaluation.proportion import wilson

BINS = 15


@dataclass(frozen=True, eq=False)
class Reliability:
    """Slices in bins of their probability; bins without slices are left out. Arrays are (bins,).

    lower, upper: edges of each bin, in [0, 1]. slices: how many it holds. probability: their mean probability.
    observed: the share of them that carry the label; low, high: its 95 % Wilson interval.
    """

    lower: np.ndarray
    upper: np.ndarray
    slices: np.ndarray
    probability: np.ndarray
    observed: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def expected_calibration_error(self) -> float:
        """Mean gap between probability and observed share, weighted by slices, in [0, 1].

        Naeini, Cooper & Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning" (2015); with bins
        of equal mass, as Nixon et al., "Measuring calibration in deep learning" (2019), found steadier.
        """
        return float(np.average(np.abs(self.observed - self.probability), weights=self.slices))


@dataclass(frozen=True)
class BrierParts:
    """The Brier score, and its parts over bins: binned = reliability - resolution + uncertainty.

    brier: mean squared distance of probability and truth, over slices. binned: the same with each probability replaced
    by its bin's mean. reliability: lower is better; resolution: higher is better; uncertainty: what is in the data.
    A. H. Murphy, "A new vector partition of the probability score" (1973).
    """

    brier: float
    binned: float
    reliability: float
    resolution: float
    uncertainty: float


@dataclass(frozen=True, eq=False)
class Believed:
    """How far the probabilities of one label, or of all labels pooled, can be believed."""

    curve: Reliability
    brier: BrierParts

    def to_json(self) -> dict[str, Any]:
        """The numbers by their names, and under "curve" one list a column of the bins."""
        return {
            "expected_calibration_error": self.curve.expected_calibration_error,
            **asdict(self.brier),
            "curve": {name: values.tolist() for name, values in vars(self.curve).items()},
        }


def equal_width(_probabilities: np.ndarray, bins: int) -> np.ndarray:
    """Edges (bins + 1,) at equal distances."""
    return np.linspace(0, 1, bins + 1)


def equal_mass(probabilities: np.ndarray, bins: int) -> np.ndarray:
    """Edges that part the slices into equal numbers, equal probabilities together; fewer bins where many are equal."""
    return np.unique(np.quantile(probabilities, np.linspace(0, 1, bins + 1)))


BINNINGS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {"equal mass": equal_mass, "equal width": equal_width}
"""Name -> where the edges of the bins lie."""


def reliability(
    truth: ArrayLike, probabilities: ArrayLike, binning: str = "equal mass", bins: int = BINS
) -> Reliability:
    """The reliability curve of one label.

    truth: (slices,) of 0/1. probabilities: (slices,) in [0, 1]. binning: a name of BINNINGS. bins: at most this many,
    fewer where slices are few. Raises InvalidInput when truth, probabilities or bins are not as said.
    DeGroot & Fienberg, "The comparison and evaluation of forecasters" (1983).
    """
    if bins < 1:
        raise InvalidInput(f"a reliability curve was asked for with {bins} bins; expected 1 or more")
    truth, probabilities = _flat(truth, probabilities)
    edges = BINNINGS[binning](probabilities, min(bins, len(truth)))
    bin_of = np.searchsorted(edges[1:-1], probabilities)  # a probability on an edge belongs to the bin below
    slices = np.bincount(bin_of, minlength=max(len(edges) - 1, 1))
    held = slices > 0
    positives = np.bincount(bin_of, weights=truth, minlength=len(slices))[held]
    sums = np.bincount(bin_of, weights=probabilities, minlength=len(slices))[held]
    slices = slices[held]
    low, high = wilson(positives, slices)
    lower, upper = (edges[:-1], edges[1:]) if len(edges) > 1 else (edges, edges)
    return Reliability(lower[held], upper[held], slices, sums / slices, positives / slices, low, high)


def brier_parts(truth: ArrayLike, probabilities: ArrayLike, curve: Reliability) -> BrierParts:
    """The Brier score of one label and its parts over the bins of its reliability curve. Raises as `reliability`."""
    truth, probabilities = _flat(truth, probabilities)
    prevalence = truth.mean()
    share = curve.slices / curve.slices.sum()
    gap = float((share * (curve.probability - curve.observed) ** 2).sum())
    within = float((share * curve.observed * (1 - curve.observed)).sum())
    return BrierParts(
        brier=float(((probabilities - truth) ** 2).mean()),
        binned=gap + within,
        reliability=gap,
        resolution=float((share * (curve.observed - prevalence) ** 2).sum()),
        uncertainty=float(prevalence * (1 - prevalence)),
    )


def believed(
    truth: ArrayLike,
    probabilities: ArrayLike,
    label_names: Sequence[str],
    binning: str = "equal mass",
    bins: int = BINS,
) -> tuple[dict[str, Believed], Believed]:
    """Every label by its name, and all labels pooled.

    truth: (slices, labels) of 0/1. probabilities: (slices, labels) in [0, 1]. Raises as `reliability`.
    """
    truth, probabilities = checked_scores(truth, probabilities)
    columns = zip(label_names, truth.T, probabilities.T, strict=True)
    labels = {name: _believed(carried, values, binning, bins) for name, carried, values in columns}
    return labels, _believed(truth.ravel(), probabilities.ravel(), binning, bins)


def _believed(truth: np.ndarray, probabilities: np.ndarray, binning: str, bins: int) -> Believed:
    curve = reliability(truth, probabilities, binning, bins)
    return Believed(curve, brier_parts(truth, probabilities, curve))


def _flat(truth: ArrayLike, probabilities: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    truth, probabilities = checked_scores(
        np.asarray(truth)[..., np.newaxis], np.asarray(probabilities)[..., np.newaxis]
    )
    return truth[:, 0].astype(float), probabilities[:, 0]
