"""One split of one run, prepared so that all its scores can be computed under many weightings of patients at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mri_core.evaluation.clusters import Clusters
from mri_core.evaluation.counts import predicted_labels, ratio
from mri_core.evaluation.log_loss import log_losses
from mri_core.evaluation.metrics import MACRO_METRICS, squared_errors
from mri_core.evaluation.paths import Scores
from mri_core.evaluation.ranking import Ranking, rank, weighted_ranking_scores
from mri_core.evaluation.totals import decision_scores, patient_statistics, slice_statistics


@dataclass(frozen=True, eq=False)
class Study:
    """sums: (clusters, statistics), the statistics side by side; columns: where each stands.

    rankings: one a label; empty when only labels were predicted, without probabilities.
    """

    label_names: tuple[str, ...]
    clusters: Clusters
    sums: np.ndarray
    columns: dict[str, int | slice]
    rankings: tuple[Ranking, ...]

    def scores(self, weights: np.ndarray) -> Scores:
        """Every score under each weighting. weights: (resamples, clusters), how often each cluster counts."""
        product = weights @ self.sums
        totals = {name: product[:, place] for name, place in self.columns.items()}
        scores = decision_scores(totals, self.label_names)
        return scores | self._probability_scores(totals, weights) if self.rankings else scores

    def points(self) -> dict[tuple[str, ...], float]:
        """Every score of the split as it is, NaN where undefined."""
        return {path: values.item() for path, values in self.scores(np.ones((1, self.clusters.number))).items()}

    def _probability_scores(self, totals: dict[str, np.ndarray], weights: np.ndarray) -> Scores:
        ranked = [weighted_ranking_scores(ranking, weights) for ranking in self.rankings]
        slices = totals["slices"][:, np.newaxis]
        by_label = {
            "average_precision": np.stack([precision for precision, _ in ranked], axis=1),
            "roc_auc": np.stack([area for _, area in ranked], axis=1),
            "brier": ratio(totals["squared_error"], slices),
            "log_loss": ratio(totals["log_loss"], slices),
        }
        scores: Scores = {
            ("labels", label, name): values[:, position]
            for position, label in enumerate(self.label_names)
            for name, values in by_label.items()
        }
        for name in MACRO_METRICS:
            values = by_label[name]
            scores["macro", name] = ratio(np.nansum(values, axis=1), (~np.isnan(values)).sum(axis=1))
        return scores


def decided_study(truth: np.ndarray, predicted: np.ndarray, label_names: Sequence[str], clusters: Clusters) -> Study:
    """A study of predicted labels alone. truth, predicted: (slices, labels) of 0/1 or bool."""
    truth, predicted = np.asarray(truth, dtype=bool), np.asarray(predicted, dtype=bool)
    return _study(truth, predicted, {}, (), label_names, clusters)


def make_study(
    truth: np.ndarray,
    probabilities: np.ndarray,
    label_names: Sequence[str],
    thresholds: Sequence[float] | np.ndarray,
    clusters: Clusters,
) -> Study:
    """truth: (slices, labels) of 0/1. probabilities: (slices, labels) in [0, 1]. thresholds: (labels,)."""
    truth, probabilities = np.asarray(truth, dtype=bool), np.asarray(probabilities, dtype=float)
    losses = {"squared_error": squared_errors(truth, probabilities), "log_loss": log_losses(truth, probabilities)}
    rankings = tuple(
        rank(carried, values, clusters.of_slice) for carried, values in zip(truth.T, probabilities.T, strict=True)
    )
    return _study(truth, predicted_labels(probabilities, thresholds), losses, rankings, label_names, clusters)


def _study(
    truth: np.ndarray,
    predicted: np.ndarray,
    losses: dict[str, np.ndarray],
    rankings: tuple[Ranking, ...],
    label_names: Sequence[str],
    clusters: Clusters,
) -> Study:
    by_slice = slice_statistics(truth, predicted) | losses
    sums = [clusters.sums(_as_columns(values)) for values in by_slice.values()]
    by_patient = patient_statistics(truth, predicted, clusters) if clusters.unit == "patient" else {}
    sums += [_as_columns(values) for values in by_patient.values()]
    columns: dict[str, int | slice] = {}
    start = 0
    for name, values in (by_slice | by_patient).items():
        columns[name] = start if values.ndim == 1 else slice(start, start + values.shape[1])
        start += _as_columns(values).shape[1]
    return Study(tuple(label_names), clusters, np.concatenate(sums, axis=1), columns, rankings)


def _as_columns(values: np.ndarray) -> np.ndarray:
    return values.reshape(len(values), -1)
