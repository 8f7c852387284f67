"""Where a model fails: which label sets it confuses, which slices it judges worst, and on what slices it errs most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from mri_core.errors import InvalidInput
from mri_core.evaluation.checks import checked_scores, checked_thresholds
from mri_core.evaluation.counts import predicted_labels
from mri_core.evaluation.log_loss import log_losses
from mri_core.evaluation.proportion import wilson

if TYPE_CHECKING:
    import pandas as pd

_PIXELS = 1 << 20
"""Pixels read at once."""


@dataclass(frozen=True, eq=False)
class LabelSetConfusion:
    """True against predicted label sets.

    sets: the most frequent ones, each as the labels it holds; the first is the empty set, *no finding*. other: whether
    there are more, which the last row and column hold together.
    counts: (sets, sets) int, rows true and columns predicted, one row and column more where there are others. In the
    corner of the others, right and wrong answers are counted together. exact: slices of which the whole set is right.
    """

    sets: tuple[tuple[str, ...], ...]
    other: bool
    counts: np.ndarray
    exact: int


@dataclass(frozen=True, eq=False)
class Ranked:
    """Slices, the worst first. rows: (n,) int positions in the split. values: (n,) what they are ranked by."""

    rows: np.ndarray
    values: np.ndarray


def label_set_confusion(
    truth: np.ndarray, predicted: np.ndarray, label_names: tuple[str, ...], most: int = 8
) -> LabelSetConfusion:
    """Count which label set is taken for which.

    truth, predicted: (slices, labels) of 0/1 or bool. most: sets kept beside the empty one, those most frequent in
    truth and prediction together; of equally frequent ones the one with fewer and earlier labels.
    """
    truth, predicted = np.asarray(truth, dtype=bool), np.asarray(predicted, dtype=bool)
    empty = np.zeros((1, truth.shape[1]), dtype=bool)
    sets, codes = np.unique(np.concatenate([empty, truth, predicted]), axis=0, return_inverse=True)
    codes = codes.ravel()[1:]
    frequency = np.bincount(codes, minlength=len(sets))
    order = sorted(range(1, len(sets)), key=lambda one: (-frequency[one], sets[one].sum(), (~sets[one]).tolist()))
    kept = [0, *order[:most]]  # np.unique sorts, so the empty set is the first
    place = np.full(len(sets), len(kept))
    place[kept] = np.arange(len(kept))
    other = len(kept) < len(sets)
    size = len(kept) + other
    rows, columns = place[codes[: len(truth)]], place[codes[len(truth) :]]
    return LabelSetConfusion(
        sets=tuple(tuple(name for name, on in zip(label_names, sets[one], strict=True) if on) for one in kept),
        other=other,
        counts=np.bincount(rows * size + columns, minlength=size**2).reshape(size, size),
        exact=int((truth == predicted).all(axis=1).sum()),
    )


def worst_slices(truth: ArrayLike, probabilities: ArrayLike, most: int = 48, among: np.ndarray | None = None) -> Ranked:
    """The slices with the largest log loss (mean over labels), largest first.

    truth: (slices, labels) of 0/1. probabilities: (slices, labels) in [0, 1]. among: (slices,) bool, the slices to look
    at (those of one patient, say), all when None. Raises InvalidInput when truth or probabilities are not as said.
    """
    losses = log_losses(*checked_scores(truth, probabilities)).mean(axis=1)
    return _ranked(losses, np.ones(len(losses), dtype=bool), most, among)


def false_positives(
    truth: ArrayLike, probabilities: ArrayLike, threshold: float, most: int = 48, among: np.ndarray | None = None
) -> Ranked:
    """Slices without the label on which it is predicted, the highest probability first, which is the value.

    truth: (slices,) of 0/1. probabilities: (slices,) in [0, 1]. among: as in `worst_slices`. Raises InvalidInput.
    """
    carried, values, on = _one_label(truth, probabilities, threshold)
    return _ranked(values, ~carried & on, most, among)


def false_negatives(
    truth: ArrayLike, probabilities: ArrayLike, threshold: float, most: int = 48, among: np.ndarray | None = None
) -> Ranked:
    """Slices with the label on which it is missed, the lowest probability first, which is the value.

    truth: (slices,) of 0/1. probabilities: (slices,) in [0, 1]. among: as in `worst_slices`. Raises InvalidInput.
    """
    carried, values, on = _one_label(truth, probabilities, threshold)
    found = _ranked(-values, carried & ~on, most, among)
    return Ranked(found.rows, -found.values)


def error_by(covariate: ArrayLike, wrong: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Error rate against a covariate.

    covariate: (slices,) numbers, NaN where unknown. wrong: (slices,) bool, whether the slice is judged wrongly.
    Returns one row a bin: low and high (the least and largest value in it), slices, wrong, rate in [0, 1], and rate_low
    and rate_high, its 95 % Wilson interval. Values that are few have a bin each; others are parted into bins of about
    as many slices each. Slices without a value come last, with NaN for low and high.
    """
    import pandas as pd

    values, wrong = np.asarray(covariate, dtype=float), np.asarray(wrong, dtype=bool)
    if values.shape != wrong.shape or values.ndim != 1:
        raise InvalidInput(
            f"the covariate has {values.size} values for {wrong.size} slices; expected one a slice: "
            "take both from the same split"
        )
    known = ~np.isnan(values)
    distinct = np.unique(values[known])
    few = len(distinct) <= bins
    inner = distinct[1:] if few else np.unique(np.quantile(values[known], np.arange(1, bins) / bins))
    bin_of = np.searchsorted(inner, values, side="right")
    groups = [known & (bin_of == number) for number in range(len(inner) + 1)] + [~known]
    rows = []
    for group in (group for group in groups if group.any()):
        within = values[group]
        low, high = wilson(wrong[group].sum(), group.sum())
        rows.append(
            {
                "low": within.min(),
                "high": within.max(),
                "slices": int(group.sum()),
                "wrong": int(wrong[group].sum()),
                "rate": float(wrong[group].mean()),
                "rate_low": float(low),
                "rate_high": float(high),
            }
        )
    return pd.DataFrame(rows, columns=["low", "high", "slices", "wrong", "rate", "rate_low", "rate_high"])


def mean_intensity(pixels: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
    """Mean intensity of every slice, (slices,) in 0-255.

    pixels: (slices, H, W) or (slices, H, W, 3) uint8, memory-mapped or not: a few megabytes are held at a time.
    rows: (slices,) int, the slices to look at, all when None.
    """
    rows = np.arange(len(pixels)) if rows is None else rows
    size = math.prod(pixels.shape[1:])
    step = max(1, _PIXELS // size)
    parts = [pixels[rows[start : start + step]].reshape(-1, size).mean(axis=1) for start in range(0, len(rows), step)]
    return np.concatenate([np.zeros(0), *parts])


def labels_carried(truth: np.ndarray) -> np.ndarray:
    """Number of labels that a slice carries, (slices,) float.

    Where labels are nested it stands in for the area of a lesion, which is not known: a larger lesion tends to carry
    more of them. It is no area, and on labels that are not nested it says nothing of one.
    """
    return np.asarray(truth).sum(axis=1).astype(float)


def _one_label(
    truth: ArrayLike, probabilities: ArrayLike, threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether each slice carries the label, its probability, and whether it is predicted; (slices,) each."""
    carried, values = checked_scores(np.asarray(truth)[..., np.newaxis], np.asarray(probabilities)[..., np.newaxis])
    limits = checked_thresholds([threshold], ["the label"])
    return carried[:, 0] == 1, values[:, 0], predicted_labels(values, limits)[:, 0]


def _ranked(values: np.ndarray, chosen: np.ndarray, most: int, among: np.ndarray | None) -> Ranked:
    """The chosen slices with the largest values, largest first, of equals the earlier slice."""
    rows = np.flatnonzero(chosen if among is None else chosen & among)
    rows = rows[np.argsort(-values[rows], kind="stable")][:most]
    return Ranked(rows, values[rows])
