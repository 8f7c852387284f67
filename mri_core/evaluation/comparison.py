"""Is B really better than A? Two or more runs on the same slices, patient by patient.

The same patients are drawn for all runs, so that what is hard for both cancels: intervals are of the difference, never
of one run beside the other (Efron & Tibshirani 1993, chapter 16; for images of patients, Obuchowski 1997).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from mri_core.evaluation.bootstrap import RESAMPLES, p_value, percentile_interval, resampled
from mri_core.evaluation.checks import checked_scores, checked_thresholds
from mri_core.evaluation.clusters import Clusters, find_clusters
from mri_core.evaluation.contenders import Contender, aligned
from mri_core.evaluation.counts import predicted_labels
from mri_core.evaluation.intervals import Resampling, resample_by, why_undefined
from mri_core.evaluation.mcnemar import McNemar, clustered_mcnemar_test, holm, mcnemar_test
from mri_core.evaluation.paths import Path, Scores, nested
from mri_core.evaluation.study import Study, make_study


@dataclass(frozen=True)
class Difference:
    """A score of both runs and what b has more than a. low, high, p_value: NaN when undefined; then reason says why.

    p_value: two-sided. adjusted_p: the same by Holm over all runs compared with a.
    """

    a: float
    b: float
    value: float
    low: float
    high: float
    p_value: float
    adjusted_p: float
    reason: str = ""


@dataclass(frozen=True)
class Reclassified:
    """Slices that only one of the runs gets right.

    only_a, only_b: their ids, in the order of a. net: (only_b - only_a) / slices, in [-1, 1].
    test: McNemar's; adjusted_p: its p-value by Holm over all labels, or for the whole set over all runs.
    """

    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    net: float
    test: McNemar
    adjusted_p: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """Run b against run a. labels: label -> slices on which that label changes; whole: where all labels are right."""

    a: str
    b: str
    slices: int
    resampling: Resampling
    differences: dict[Path, Difference]
    labels: dict[str, Reclassified]
    whole: Reclassified

    def to_json(self) -> dict[str, Any]:
        """Differences stand where the score stands in the document of an evaluation; null where undefined."""
        found = {
            (*path, name): value
            for path, difference in self.differences.items()
            for name, value in asdict(difference).items()
        }
        return {
            "a": self.a,
            "b": self.b,
            "slices": self.slices,
            **asdict(self.resampling),
            "differences": nested(found),
            "reclassified": {
                "labels": {label: _reclassified_json(changed) for label, changed in self.labels.items()},
                "whole": _reclassified_json(self.whole),
            },
        }


def compare(
    a: Contender,
    others: Sequence[Contender],
    patients: Sequence[object] | np.ndarray | None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[Comparison, ...]:
    """Compare every other run with a. patients: (slices,) in the order of a's predictions, None when unknown.

    Raises InvalidInput when the runs are not on the same slices of the same data set version, or for fewer than 100
    resamples.
    """
    runs = [a, *(aligned(a, other) for other in others)]
    clusters = find_clusters(patients, len(a.predictions.ids))
    resampling = resample_by(clusters, resamples, seed)
    studies = [_study(run, clusters) for run in runs]
    drawn = [resampled(study.scores, clusters.number, clusters.slices, resamples, seed) for study in studies]
    compared = [
        Comparison(
            a=a.name,
            b=run.name,
            slices=clusters.slices,
            resampling=resampling,
            differences=_differences(studies[0].points(), study.points(), drawn[0], values, resampling),
            **_reclassified(a, run, clusters),
        )
        for run, study, values in zip(runs[1:], studies[1:], drawn[1:], strict=True)
    ]
    return _adjusted(compared)


def _study(run: Contender, clusters: Clusters) -> Study:
    names = run.predictions.label_names
    truth, probabilities = checked_scores(run.predictions.truth, run.predictions.probabilities)
    return make_study(truth, probabilities, names, checked_thresholds(run.thresholds, names), clusters)


def _differences(
    a: dict[Path, float], b: dict[Path, float], drawn_a: Scores, drawn_b: Scores, resampling: Resampling
) -> dict[Path, Difference]:
    found = {}
    for path in a:
        if path[-1] == "prevalence":  # of the slices, not of a run
            continue
        value, drawn = b[path] - a[path], drawn_b[path] - drawn_a[path]
        reason = why_undefined(value, drawn, resampling)
        low = high = chance = np.nan
        if not reason:
            defined = drawn[~np.isnan(drawn)]
            low, high = percentile_interval(defined, resampling.number, resampling.level)
            chance = p_value(defined, resampling.number)
        found[path] = Difference(a[path], b[path], value, low, high, chance, chance, reason)
    return found


def _reclassified(a: Contender, b: Contender, clusters: Clusters) -> dict[str, Any]:
    """The fields `labels` and `whole` of a comparison."""
    right_a, right_b = (
        predicted_labels(run.predictions.probabilities, run.thresholds) == run.predictions.truth for run in (a, b)
    )
    ids, names = a.predictions.ids, a.predictions.label_names
    labels = {name: _changed(ids, right_a[:, label], right_b[:, label], clusters) for label, name in enumerate(names)}
    adjusted = holm({name: changed.test.p_value for name, changed in labels.items()})
    return {
        "labels": {name: replace(changed, adjusted_p=adjusted[name]) for name, changed in labels.items()},
        "whole": _changed(ids, right_a.all(axis=1), right_b.all(axis=1), clusters),
    }


def _changed(ids: np.ndarray, right_a: np.ndarray, right_b: np.ndarray, clusters: Clusters) -> Reclassified:
    only_a, only_b = right_a & ~right_b, right_b & ~right_a
    if clusters.unit == "patient":
        by_patient = clusters.sums(np.stack([only_a, only_b], axis=1))
        test = clustered_mcnemar_test(by_patient[:, 0], by_patient[:, 1])
    else:
        test = mcnemar_test(int(only_a.sum()), int(only_b.sum()))
    net = (test.only_b - test.only_a) / len(ids)
    return Reclassified(tuple(ids[only_a].tolist()), tuple(ids[only_b].tolist()), net, test, test.p_value)


def _adjusted(compared: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Holm over the runs, score by score."""
    whole = holm({run: one.whole.test.p_value for run, one in enumerate(compared)})
    paths = compared[0].differences if compared else {}
    by_path = {path: holm({run: one.differences[path].p_value for run, one in enumerate(compared)}) for path in paths}
    return tuple(
        replace(
            one,
            differences={
                path: replace(difference, adjusted_p=by_path[path][run]) for path, difference in one.differences.items()
            },
            whole=replace(one.whole, adjusted_p=whole[run]),
        )
        for run, one in enumerate(compared)
    )


def _reclassified_json(changed: Reclassified) -> dict[str, Any]:
    test = asdict(changed.test)
    return {
        "only_a": list(changed.only_a),
        "only_b": list(changed.only_b),
        "net": changed.net,
        "statistic": None if np.isnan(changed.test.statistic) else changed.test.statistic,
        "p_value": test["p_value"],
        "adjusted_p": changed.adjusted_p,
        "method": test["method"],
    }
