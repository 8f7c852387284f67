"""`judge`: all that a report says about a run on one split, with how sure it is, and beside what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mri_core.evaluation.bootstrap import RESAMPLES
from mri_core.evaluation.checks import checked_scores
from mri_core.evaluation.clusters import Clusters, find_clusters
from mri_core.evaluation.evaluation import Evaluation, evaluate
from mri_core.evaluation.intervals import Intervals, score_intervals
from mri_core.evaluation.paths import nested
from mri_core.evaluation.patients import by_patient
from mri_core.evaluation.prevalence import Baseline, predict_always, predict_prevalence
from mri_core.evaluation.study import make_study
from mri_core.evaluation.totals import FALSE_ALARMS_PER_PATIENT

TOP_SLICES = 3


@dataclass(frozen=True, eq=False)
class Judged:
    """Scores, and their intervals."""

    evaluation: Evaluation
    intervals: Intervals

    def to_json(self) -> dict[str, Any]:
        """The evaluation's document, and under "intervals" the same shape with [low, high] in place of each score.

        "no_finding" holds the false-alarm rate per patient as well, when patients are known.
        """
        document = self.evaluation.to_json()
        per_patient = self.intervals.scores.get(FALSE_ALARMS_PER_PATIENT)
        if per_patient is not None:
            part, name = FALSE_ALARMS_PER_PATIENT
            undefined = np.isnan(per_patient.value)
            document[part][name] = None if undefined else per_patient.value
            document["reasons"][part] |= {name: "undefined (every patient has a labelled slice)"} if undefined else {}
        return document | {"intervals": self.intervals.to_json()}


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a run is worth on one split.

    slices: over all slices. labelled_only: over the slices that carry a label, None when there is none.
    patients: rule -> over patients instead of slices, at the same thresholds; empty when patients are unknown.
    baselines: name -> scores of answers that never look at a slice.
    """

    slices: Judged
    labelled_only: Judged | None
    patients: dict[str, Judged]
    baselines: dict[str, Baseline]

    def to_json(self) -> dict[str, Any]:
        """The document of `mri evaluate --json`; "labelled_only" and "patients" are null where there is none."""
        return self.slices.to_json() | {
            "labelled_only": self.labelled_only.to_json() if self.labelled_only else None,
            "patients": {rule: judged.to_json() for rule, judged in self.patients.items()} or None,
            "baselines": {name: nested(scores) for name, scores in self.baselines.items()},
        }


def judge(
    truth: ArrayLike,
    probabilities: ArrayLike,
    patients: Sequence[object] | np.ndarray | None,
    label_names: Sequence[str],
    thresholds: ArrayLike | None = None,
    train_prevalence: Sequence[float] | np.ndarray | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Judgement:
    """Judge probabilities against the truth, with 95 % intervals by patient bootstrap.

    truth: (slices, labels) of 0/1. probabilities: (slices, labels) in [0, 1]. patients: (slices,), or None when
    unknown: then slices are resampled, which makes the intervals too narrow when patients have several. thresholds:
    (labels,), 0.5 each when None. train_prevalence: (labels,) shares of the training slices, for the baseline of that
    name.
    Raises InvalidInput as `evaluate` does, and for fewer than 100 resamples.
    """
    evaluation = evaluate(truth, probabilities, label_names, thresholds)
    truth, probabilities = checked_scores(truth, probabilities)
    clusters = find_clusters(patients, len(truth))
    options = (label_names, evaluation.thresholds, resamples, seed)
    labelled = np.asarray(truth.any(axis=1))
    by_rule = {}
    if clusters.unit == "patient":
        for rule, top in {"any_slice": 1, f"mean_of_top_{TOP_SLICES}": TOP_SLICES}.items():
            scores = by_patient(truth, probabilities, clusters.of_slice, top)
            everyone = Clusters("patient", np.arange(clusters.number), clusters.number)
            by_rule[rule] = _judged(scores.truth, scores.probabilities, everyone, *options)
    baselines = {
        "predict nothing": predict_always(truth, False, label_names, clusters),
        "predict everything": predict_always(truth, True, label_names, clusters),
    }
    if train_prevalence is not None:
        baselines["prevalence"] = predict_prevalence(truth, train_prevalence, label_names, clusters)
    return Judgement(
        slices=_judged(truth, probabilities, clusters, *options),
        labelled_only=_judged(truth[labelled], probabilities[labelled], clusters.of(labelled), *options)
        if labelled.any()
        else None,
        patients=by_rule,
        baselines=baselines,
    )


def _judged(
    truth: np.ndarray,
    probabilities: np.ndarray,
    clusters: Clusters,
    label_names: Sequence[str],
    thresholds: Sequence[float],
    resamples: int,
    seed: int,
) -> Judged:
    study = make_study(truth, probabilities, label_names, thresholds, clusters)
    return Judged(evaluate(truth, probabilities, label_names, thresholds), score_intervals(study, resamples, seed))
