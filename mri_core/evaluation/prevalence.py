"""What answers reach that never look at a slice: nothing, everything, and the prevalence of the training set.

A model earns its keep by what it scores above these. scikit-learn's DummyClassifier calls the third "stratified" for
labels and "prior" for probabilities; that predicting everything, not chance, is the F1 to beat is shown by Lipton,
Elkan & Naryanaswamy, "Optimal thresholding of classifiers to maximize F1 measure" (2014).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mri_core.errors import InvalidInput
from mri_core.evaluation.clusters import Clusters
from mri_core.evaluation.paths import Path
from mri_core.evaluation.study import decided_study, make_study
from mri_core.evaluation.totals import decision_scores

Baseline = dict[Path, float]
"""Path -> score, NaN where undefined, and nothing for scores that the baseline cannot have."""


def predict_always(truth: np.ndarray, predicted: bool, label_names: Sequence[str], clusters: Clusters) -> Baseline:
    """Scores of predicting no label on any slice, or every label on every slice. truth: (slices, labels)."""
    return decided_study(truth, np.full(truth.shape, predicted), label_names, clusters).points()


def predict_prevalence(
    truth: np.ndarray, prevalence: Sequence[float] | np.ndarray, label_names: Sequence[str], clusters: Clusters
) -> Baseline:
    """Scores of answering every slice with each label's prevalence in training, in expectation.

    prevalence: (labels,) in [0, 1]. Scores of probabilities (average precision, ROC AUC, Brier, log loss) are those of
    the prevalence as a constant. Scores of labels are those of labels drawn at random, each by itself, with that
    chance: ratios of expected counts for single labels and for micro, macro and weighted averages (what they tend to
    with many slices), exact expectations for all else. Raises InvalidInput unless each label has a share in [0, 1].
    """
    chances = np.asarray(prevalence, dtype=float)
    if chances.shape != (len(label_names),) or not ((chances >= 0) & (chances <= 1)).all():
        raise InvalidInput(
            f"the training prevalences are {chances.tolist()}; expected a share from 0 to 1 for each of "
            f"{', '.join(label_names)}"
        )
    truth = np.asarray(truth, dtype=bool)
    totals = {name: values.sum(axis=0, keepdims=True) for name, values in _expected(truth, chances).items()}
    if clusters.unit == "patient":
        clean = clusters.sums(truth).sum(axis=1) == 0
        silent = np.prod(1 - chances) ** np.bincount(clusters.of_slice)
        totals |= {"clean": clean.sum(keepdims=True), "alarmed": (clean * (1 - silent)).sum(keepdims=True)}
    constant = make_study(truth, np.broadcast_to(chances, truth.shape), label_names, chances, clusters).points()
    drawn = {path: values.item() for path, values in decision_scores(totals, label_names).items()}
    return constant | drawn


def _expected(truth: np.ndarray, chances: np.ndarray) -> dict[str, np.ndarray]:
    """The expectation of what `slice_statistics` counts, one row a slice."""
    sets, of_slice = np.unique(truth, axis=0, return_inverse=True)
    silent, empty = np.prod(1 - chances), ~truth.any(axis=1)
    samples = np.array([_expected_samples(one, chances) for one in sets])[of_slice]
    return {
        "tp": truth * chances,
        "fp": ~truth * chances,
        "fn": truth * (1 - chances),
        "slices": np.ones(len(truth)),
        "exact": np.where(truth, chances, 1 - chances).prod(axis=1),
        "empty": empty,
        "silent": np.full(len(truth), silent),
        "empty_and_silent": empty * silent,
        "sample_precision": samples[:, 0],
        "sample_recall": samples[:, 1],
        "sample_f1": samples[:, 2],
    }


def _expected_samples(carried: np.ndarray, chances: np.ndarray) -> tuple[float, float, float]:
    """Expected precision, recall and F1 of one slice over all draws. carried, chances: (labels,)."""
    if not carried.any():
        return 0.0, 0.0, 0.0
    chance = np.outer(_number_drawn(chances[carried]), _number_drawn(chances[~carried]))
    right, wrong = np.indices(chance.shape)
    scores = (
        right / np.maximum(right + wrong, 1),
        right / carried.sum(),
        2 * right / (right + wrong + carried.sum()),
    )
    precision, recall, f1 = (float((chance * score).sum()) for score in scores)
    return precision, recall, f1


def _number_drawn(chances: np.ndarray) -> np.ndarray:
    """Chance that 0, 1, 2, ... of independent labels are drawn (the Poisson binomial distribution)."""
    distribution = np.ones(1)
    for chance in chances:
        distribution = np.convolve(distribution, [1 - chance, chance])
    return distribution
