"""Scores that follow from counts, under many weightings of patients at once.

Every such score is a ratio of sums over slices. Summed once per patient, they are one matrix product away from the
scores of any number of resamples. Definitions are those of `averages` and `metrics`, which judge a split as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mri_core.evaluation.clusters import Clusters
from mri_core.evaluation.counts import ratio
from mri_core.evaluation.paths import Scores

FALSE_ALARMS_PER_PATIENT = ("no_finding", "false_alarm_rate_per_patient")
"""Among patients without any labelled slice, the share with at least one slice on which a label is predicted."""

Totals = Mapping[str, np.ndarray]
"""Name of a statistic -> its weighted sums, (resamples, labels) or (resamples,)."""


def slice_statistics(truth: np.ndarray, predicted: np.ndarray) -> dict[str, np.ndarray]:
    """What every slice adds to the sums. truth, predicted: (slices, labels) bool; each value has one row a slice."""
    right, carried, called = truth & predicted, truth.sum(axis=1), predicted.sum(axis=1)
    hits = right.sum(axis=1)
    return {
        "tp": right,
        "fp": predicted & ~truth,
        "fn": truth & ~predicted,
        "slices": np.ones(len(truth)),
        "exact": (truth == predicted).all(axis=1),
        "empty": carried == 0,
        "silent": called == 0,
        "empty_and_silent": (carried == 0) & (called == 0),
        "sample_precision": ratio(hits, called, undefined=0.0),
        "sample_recall": ratio(hits, carried, undefined=0.0),
        "sample_f1": ratio(2 * hits, called + carried, undefined=0.0),
    }


def patient_statistics(truth: np.ndarray, predicted: np.ndarray, clusters: Clusters) -> dict[str, np.ndarray]:
    """What every patient adds, (clusters,) bool: without any labelled slice, and of those with a predicted one."""
    found = clusters.sums(np.stack([truth.any(axis=1), predicted.any(axis=1)], axis=1)) > 0
    clean = ~found[:, 0]
    return {"clean": clean, "alarmed": clean & found[:, 1]}


def decision_scores(totals: Totals, label_names: Sequence[str]) -> Scores:
    """Every score of predicted labels. totals: those of `slice_statistics`, and of `patient_statistics` if known."""
    return {**_label_scores(totals, label_names), **_average_scores(totals), **_overall_scores(totals)}


def _label_scores(totals: Totals, label_names: Sequence[str]) -> Scores:
    tp, fp, fn = totals["tp"], totals["fp"], totals["fn"]
    slices, support = totals["slices"][:, np.newaxis], tp + fn
    scores = {
        "precision": ratio(tp, tp + fp),
        "recall": ratio(tp, support),
        "f1": np.where(support > 0, ratio(2 * tp, 2 * tp + fp + fn), np.nan),
        "prevalence": ratio(support, slices),
        "binary_accuracy": ratio(slices - fp - fn, slices),
    }
    return {
        ("labels", label, name): values[:, position]
        for position, label in enumerate(label_names)
        for name, values in scores.items()
    }


def _average_scores(totals: Totals) -> Scores:
    tp, called = totals["tp"], totals["tp"] + totals["fp"]
    support = totals["tp"] + totals["fn"]
    total, supported = support.sum(axis=1), (support > 0).sum(axis=1)
    parts = {"precision": (tp, called), "recall": (tp, support), "f1": (2 * tp, called + support)}
    scores: Scores = {}
    for name, (top, bottom) in parts.items():
        by_label, samples = ratio(top, bottom, undefined=0.0), totals[f"sample_{name}"]
        scores |= {
            ("averages", "micro", name): ratio(top.sum(axis=1), bottom.sum(axis=1), undefined=0.0),
            ("averages", "macro", name): ratio((by_label * (support > 0)).sum(axis=1), supported),
            ("averages", "weighted", name): ratio((by_label * support).sum(axis=1), total),
            ("averages", "samples", name): ratio(samples, totals["slices"]),
            # A slice without a label adds nothing to the sums, so that only the number of slices differs.
            ("averages", "samples_labelled", name): ratio(samples, totals["slices"] - totals["empty"]),
        }
    return {path: np.where(total > 0, values, np.nan) for path, values in scores.items()}


def _overall_scores(totals: Totals) -> Scores:
    slices, empty, silent = totals["slices"], totals["empty"], totals["silent"]
    hamming_loss = ratio((totals["fp"] + totals["fn"]).sum(axis=1), slices * totals["fp"].shape[1])
    scores: Scores = {
        ("binary_accuracy",): 1 - hamming_loss,
        ("subset_accuracy",): ratio(totals["exact"], slices),
        ("hamming_loss",): hamming_loss,
        ("no_finding", "recall"): ratio(totals["empty_and_silent"], empty),
        ("no_finding", "precision"): ratio(totals["empty_and_silent"], silent),
        ("no_finding", "false_alarm_rate"): ratio(empty - totals["empty_and_silent"], empty),
    }
    if "clean" in totals:
        scores[FALSE_ALARMS_PER_PATIENT] = ratio(totals["alarmed"], totals["clean"])
    return scores
