"""`evaluate`: all that is said about one split of one run, from its truth and probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mri_core.errors import InvalidInput
from mri_core.evaluation.averages import Overall, overall
from mri_core.evaluation.checks import checked_scores, checked_thresholds
from mri_core.evaluation.counts import Counts, count, predicted_labels, ratio
from mri_core.evaluation.metrics import MACRO_METRICS, METRICS

BASELINE = "predict nothing"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a run is worth on one split. Undefined scores are NaN here and null in JSON.

    label_names, thresholds: one a label. counts: the confusion of every label.
    scores: metric name (of METRICS) -> one value a label, (labels,).
    overall: averages, accuracies and the no-finding stratum of the run; baseline: the same for predicting nothing.
    """

    label_names: tuple[str, ...]
    thresholds: tuple[float, ...]
    counts: Counts
    scores: dict[str, np.ndarray]
    overall: Overall
    baseline: Overall

    @property
    def macro(self) -> dict[str, float]:
        """Metric of MACRO_METRICS -> its mean over the labels where it is defined, NaN where it is for none."""
        defined = {name: self.scores[name][~np.isnan(self.scores[name])] for name in MACRO_METRICS}
        return {name: float(ratio(values.sum(), values.size)) for name, values in defined.items()}

    def to_json(self) -> dict[str, Any]:
        """The document of `mri evaluate --json` without its run and split."""
        labels = {name: self._label(position) for position, name in enumerate(self.label_names)}
        averages, no_finding = (asdict(self.overall)[part] for part in ("averages", "no_finding"))
        baseline = {
            "name": BASELINE,
            "micro_f1": self.baseline.averages["micro"].f1,
            "macro_f1": self.baseline.averages["macro"].f1,
            "binary_accuracy": self.baseline.binary_accuracy,
            "subset_accuracy": self.baseline.subset_accuracy,
            "hamming_loss": self.baseline.hamming_loss,
            "no_finding": asdict(self.baseline.no_finding),
        }
        document = {
            "slices": self.counts.slices,
            "thresholds": dict(zip(self.label_names, self.thresholds, strict=True)),
            "labels": labels,
            "averages": averages,
            "macro": self.macro,
            "binary_accuracy": self.overall.binary_accuracy,
            "subset_accuracy": self.overall.subset_accuracy,
            "hamming_loss": self.overall.hamming_loss,
            "no_finding": no_finding,
            "baseline": baseline,
            "reasons": {
                "labels": {name: self._reasons(name, scores) for name, scores in labels.items()},
                "averages": {name: self._reasons(name, scores) for name, scores in averages.items()},
                "macro": self._reasons("macro", self.macro),
                "no_finding": self._reasons("no finding", no_finding),
                "baseline": self._reasons("baseline", baseline),
            },
        }
        return _null_for_nan(document)

    def _label(self, position: int) -> dict[str, Any]:
        counts = self.counts
        confusion = {
            "true_positives": counts.true_positives,
            "false_positives": counts.false_positives,
            "false_negatives": counts.false_negatives,
            "true_negatives": counts.true_negatives,
        }
        scores = {metric: values[position].item() for metric, values in self.scores.items()}
        return scores | {"confusion": {name: values[position].item() for name, values in confusion.items()}}

    def _reasons(self, row: str, scores: dict[str, Any]) -> dict[str, str]:
        return {name: undefined_reason(self, row, name) for name, value in scores.items() if _is_nan(value)}


def evaluate(
    truth: ArrayLike, probabilities: ArrayLike, label_names: Sequence[str], thresholds: ArrayLike | None = None
) -> Evaluation:
    """Judge probabilities against the truth.

    truth: (slices, labels) of 0/1. probabilities: (slices, labels) in [0, 1]. thresholds: (labels,) in [0, 1], 0.5 each
    when None; a label is on when its probability reaches its threshold.
    Raises InvalidInput when any of these is not so, or there is no slice.
    """
    truth, probabilities = checked_scores(truth, probabilities)
    if truth.shape[1] != len(label_names):
        raise InvalidInput(
            f"truth has {truth.shape[1]} columns for {len(label_names)} label names ({', '.join(label_names)}); "
            "expected one name a column"
        )
    limits = checked_thresholds(thresholds, label_names)
    predicted = predicted_labels(probabilities, limits)
    return Evaluation(
        label_names=tuple(label_names),
        thresholds=tuple(limits.tolist()),
        counts=count(truth, predicted),
        scores={name: metric(truth, probabilities, limits) for name, metric in METRICS.items()},
        overall=overall(truth, predicted),
        baseline=overall(truth, np.zeros_like(predicted)),
    )


def undefined_reason(evaluation: Evaluation, row: str, score: str) -> str:
    """Why a score is undefined, in words to show in its place, such as "undefined (no positives)".

    row: a label, "no finding", or the name of an average. score: a metric's name. Ask only about scores that are NaN.
    """
    if row in evaluation.label_names:
        if score == "precision":
            return "undefined (nothing predicted)"
        without = evaluation.counts.support[evaluation.label_names.index(row)] == 0
        return "undefined (no positives)" if without else "undefined (no negatives)"
    if row == "no finding":
        return (
            "undefined (no slice called no finding)" if score == "precision" else "undefined (every slice has a label)"
        )
    if score == "roc_auc" and evaluation.counts.support.any():
        return "undefined (no label with both positives and negatives)"
    return "undefined (no positives)"


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and np.isnan(value).item()


def _null_for_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _null_for_nan(item) for key, item in value.items()}
    return None if _is_nan(value) else value
