"""Which given labels are probably wrong: confident learning over out-of-fold probabilities, through cleanlab.

Northcutt, Jiang & Chuang, "Confident learning: estimating uncertainty in dataset labels" (2021), label by label against
the rest, as Thyagarajan, Snorrason, Northcutt & Mueller, "Identifying incorrect annotations in multi-label
classification data" (2023), extend it to slices with several labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mri_core.evaluation.checks import checked_scores
from mri_core.evaluation.log_loss import logits

LEAST_SLICES = 10
"""Slices with a label, and without it, below which nothing is said of it: a network can hardly have learnt it."""


@dataclass(frozen=True, eq=False)
class Doubts:
    """Doubts about given labels.

    quality: (slices, labels) in [0, 1], the probability that a label as it is given, on or off, is right, in view of
    the other labels too; 1 for a label that is not judged. doubted: (slices, labels) bool, whether confident
    learning calls it wrong and it is likelier wrong than right.
    """

    quality: np.ndarray
    doubted: np.ndarray

    def ranked(self, label: int | None = None) -> np.ndarray:
        """Places of the slices with a doubted label, or with this one doubted, the least quality first."""
        columns = slice(None) if label is None else [label]
        worst = np.where(self.doubted, self.quality, np.inf)[:, columns].min(axis=1)
        return np.argsort(worst, kind="stable")[: int(np.isfinite(worst).sum())]

    def of_slice(self, place: int) -> list[int]:
        """The labels that are doubted on a slice, the least quality first."""
        doubted = np.flatnonzero(self.doubted[place])
        return doubted[np.argsort(self.quality[place, doubted], kind="stable")].tolist()


def find_doubts(truth: ArrayLike, probabilities: ArrayLike) -> Doubts:
    """Doubt given labels that out-of-fold probabilities, or the other labels of the slice, contradict.

    truth: (slices, labels) of 0/1. probabilities: (slices, labels) in [0, 1], by networks that never learnt from these
    slices; `given_the_others` says what becomes of them.
    Raises InvalidInput as `checked_scores`.
    """
    truth, probabilities = checked_scores(truth, probabilities)
    quality, doubted = np.ones(truth.shape), np.zeros(truth.shape, dtype=bool)
    support = truth.sum(axis=0)
    judged = np.flatnonzero(np.minimum(support, len(truth) - support) >= LEAST_SLICES)
    if len(judged):
        quality[:, judged], doubted[:, judged] = _confident_learning(truth[:, judged], probabilities[:, judged])
    return Doubts(quality, doubted)


def given_the_others(truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The probability of every label in view of the network's and of the other labels that the slice is given.

    (slices, labels), by a logistic regression a label, too small to learn single slices. It calibrates, which undoes
    class weights and smoothing and makes labels comparable: a low probability is no surprise where a label is rare.
    And it knows which labels go together: a label without the one it is nested in is believed less, labels that agree
    with each other and are only hard to see are believed more.
    """
    from sklearn.linear_model import LogisticRegression

    columns = []
    line = LogisticRegression(solver="newton-cholesky")  # few columns, many slices: exact and fast
    for place in range(truth.shape[1]):
        known = np.column_stack([logits(probabilities[:, place]), np.delete(truth, place, axis=1)])
        fitted = line.fit(known, truth[:, place])
        columns.append(fitted.predict_proba(known)[:, 1])
    return np.column_stack(columns)


def _confident_learning(truth: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class
    from cleanlab.multilabel_classification.rank import get_label_quality_scores_per_class

    likely = given_the_others(truth, probabilities)
    given = [np.flatnonzero(row).tolist() for row in truth]
    quality = get_label_quality_scores_per_class(given, likely)
    # Confident learning asks for more than is usual for a label. In view of the others it names more labels that are
    # wrong among fewer, but in a small set, where wrong labels weigh, it misses what networks alone say plainly.
    # One job: this may run in the server, which is not to be forked.
    disputed = [find_multilabel_issues_per_class(given, said, n_jobs=1) for said in (likely, probabilities)]
    return quality, np.logical_or(*disputed) & (quality < 0.5)
