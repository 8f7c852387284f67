"""`Reproduction`: all that is known so far of the study run again on a data set, as data."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mri_core.datasets.dataset import Dataset
from mri_core.datasets.statistics import label_statistics
from mri_core.reproduction.claims import Verdict, judge
from mri_core.reproduction.measured import (
    SCORES,
    Measured,
    Row,
    SeedScores,
    mean_and_spread,
    measured_rows,
    seed_scores,
)
from mri_core.reproduction.progress import Standing
from mri_core.reproduction.study import CLAIMS, CONFIGURATIONS, REPORTED, Claim, Reported
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.training.spec import TrainingSpec
from mri_core.versions import installed_versions

PACKAGES = ("mri-core", "tensorflow", "keras", "numpy", "scikit-learn")


@dataclass(frozen=True)
class Cost:
    """What the runs of a configuration took, each the mean over those that say: seconds in all, slices trained on per
    second, most memory in MB; and the best epoch of each run. None without any."""

    seconds: float | None
    images_per_second: float | None
    peak_memory_mb: float | None
    best_epochs: tuple[int, ...]


@dataclass(frozen=True)
class Configuration:
    """A configuration and its finished runs, with their histories, by seed.

    seeds: how many there are to be. scores: seed -> its scores. rows: their table, empty without any.
    """

    name: str
    spec: TrainingSpec
    reported: Reported | None
    seeds: int
    runs: tuple[Run, ...]
    scores: Mapping[int, SeedScores]
    rows: tuple[Row, ...]
    cost: Cost


@dataclass(frozen=True)
class Reproduction:
    """dataset: its statistics (`label_statistics`) and its provenance. versions: of what is installed now."""

    dataset: Mapping[str, Any]
    seeds: int
    configurations: tuple[Configuration, ...]
    verdicts: tuple[Verdict, ...]
    versions: Mapping[str, str]


def make_reproduction(dataset: Dataset, standing: Standing, store: RunStore) -> Reproduction:
    """Judge every finished run. Raises MriError when predictions that are there cannot be read."""
    found = {name: _configuration(name, standing, store, dataset.label_names) for name in standing.runs}
    return Reproduction(
        dataset=label_statistics(dataset) | {"provenance": dataset.header.provenance},
        seeds=standing.seeds,
        configurations=tuple(found.values()),
        verdicts=tuple(_verdict(claim, found, len(dataset.label_names), standing.seeds) for claim in CLAIMS),
        versions=installed_versions(PACKAGES),
    )


def _configuration(name: str, standing: Standing, store: RunStore, labels: Collection[str]) -> Configuration:
    runs = tuple(store.get(run.id) for run in standing.finished(name))
    scores = {run.spec.seed: seed_scores(run) for run in runs}
    reported = REPORTED.get(name)
    return Configuration(
        name=name,
        spec=CONFIGURATIONS[name],
        reported=reported,
        seeds=standing.seeds,
        runs=runs,
        scores=scores,
        rows=tuple(measured_rows(list(scores.values()), tuple(labels), reported)) if scores else (),
        cost=_cost(runs),
    )


def _cost(runs: Collection[Run]) -> Cost:
    timings = [run.timing for run in runs if run.timing]

    def mean(name: str) -> float | None:
        return mean_and_spread([getattr(timing, name) for timing in timings])[0] if timings else None

    best = tuple(run.best_epoch for run in runs if run.best_epoch is not None)
    return Cost(mean("seconds"), mean("images_per_second"), mean("peak_memory_mb"), best)


def _verdict(claim: Claim, found: Mapping[str, Configuration], labels: int, seeds: int) -> Verdict:
    if claim.label is not None and claim.label >= labels:
        reason = f"the data set has {labels} label{'s' if labels != 1 else ''}, not {claim.label + 1}"
        return Verdict(claim, "does not apply", {}, reason=reason)
    first, second = (
        {seed: scores.f1(claim.label) for seed, scores in found[name].scores.items()} if name in found else {}
        for name in (claim.first, claim.second)
    )
    return judge(claim, first, second, seeds)


def reproduction_json(found: Reproduction) -> dict[str, Any]:
    """The document of `mri reproduce --json`; undefined scores are None."""
    return {
        "dataset": {key: found.dataset[key] for key in ("name", "fingerprint", "simulated", "labels", "slices")},
        "seeds": found.seeds,
        "configurations": {each.name: _configuration_json(each) for each in found.configurations},
        "claims": [_verdict_json(verdict) for verdict in found.verdicts],
        "versions": dict(found.versions),
    }


def _configuration_json(each: Configuration) -> dict[str, Any]:
    table: dict[str, dict[str, Any]] = {"labels": {}, "averages": {}}
    for row in each.rows:
        scores = {name: _measured_json(score) for name, score in zip(SCORES, row.scores, strict=True)}
        table["labels" if row.is_label else "averages"][row.name] = scores
    return {
        "spec": each.spec.model_dump(mode="json", exclude={"seed"}),
        "runs": {str(run.spec.seed): run.id for run in each.runs},
        "study": each.reported.words if each.reported else None,
        **table,
        "cost": asdict(each.cost),
    }


def _measured_json(score: Measured) -> dict[str, float | None]:
    return {
        "mean": _defined(score.mean),
        "spread": _defined(score.spread),
        "study": score.study,
        "difference": score.difference,
    }


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    claim = verdict.claim
    return {
        "claim": claim.text,
        "first": claim.first,
        "second": claim.second,
        "score": "micro_f1" if claim.label is None else f"f1 of label {claim.label + 1}",
        "kind": claim.kind,
        "finding": verdict.finding,
        "reason": verdict.reason,
        "differences": {str(seed): _defined(value) for seed, value in verdict.differences.items()},
        "interval": asdict(verdict.interval) if verdict.interval else None,
    }


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
