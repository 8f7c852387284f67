"""Our side of the training benchmarks, in a process of its own: `python -m mri_core.bench.our_training DATASET`.

Trains as the training worker does, from the run's record to the saved model, and prints what it came to as JSON. The
home is the one that MRI_HOME names.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mri_core.datasets.dataset import open_dataset
from mri_core.runs.run import Progress
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.plan import plan_epoch
from mri_core.training.presets import make_spec
from mri_core.training.process import peak_memory_mb
from mri_core.training.spec import TrainingSpec
from mri_core.training.worker import train


@dataclass(frozen=True)
class Report:
    """A progress report. seconds: since 1970."""

    seconds: float
    epoch: int
    step: int
    phase: str


@dataclass(frozen=True)
class ObservedStore(RunStore):
    """A store that also keeps what a training tells it, and asks it to stop when that is `enough`.

    epochs: (seconds since 1970, validation micro-F1) each; 0 where that is undefined because nothing was predicted.
    """

    enough: Callable[[ObservedStore], bool] = field(kw_only=True)
    reports: list[Report] = field(default_factory=list)
    epochs: list[tuple[float, float]] = field(default_factory=list)

    def log_progress(self, run_id: str, progress: Progress) -> None:
        self.reports.append(Report(time.time(), progress.epoch, progress.step, progress.phase))
        super().log_progress(run_id, progress)

    def log_epoch(self, run_id: str, row: Mapping[str, Any]) -> None:
        self.epochs.append((time.time(), row["val_micro_f1"] or 0.0))
        super().log_epoch(run_id, row)

    def stop_requested(self, run_id: str) -> bool:
        return super().stop_requested(run_id) or self.enough(self)


def main() -> None:
    """Train and print one line of JSON.

    "rates": images a second of each epoch's training steps, the first step of all not counted. "first_step": when it
    was done (seconds since 1970). "peak_memory_mb". "epochs": [seconds since the start, validation micro-F1] each.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset")
    parser.add_argument("--preset", default="cnn")
    parser.add_argument("--epochs", type=int, help="the preset's number when left out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, help="stop so long after the first step")
    parser.add_argument("--until", type=float, help="stop once the validation micro-F1 has reached this")
    options = parser.parse_args()
    changes = {"seed": options.seed} | ({"epochs": options.epochs} if options.epochs else {})

    def enough(store: ObservedStore) -> bool:
        return reached(store.epochs, options.until) or lasted(store.reports, options.seconds)

    print(json.dumps(observe(options.dataset, make_spec(options.preset, changes), enough)))


def observe(name: str, spec: TrainingSpec, enough: Callable[[ObservedStore], bool]) -> dict[str, Any]:
    """Train on a data set until the spec's end or until it is `enough`."""
    settings = Settings()
    dataset = open_dataset(name, settings)
    store = ObservedStore(settings, enough=enough)
    train(store, store.create(spec, dataset.name, dataset.fingerprint, dataset.label_names), settings)
    rows = dataset.rows("train")
    images = len(plan_epoch(rows, dataset.truth[rows].any(axis=1), spec, 1))
    return {
        "rates": epoch_rates(store.reports, spec.batch_size, images),
        "first_step": first_step(store.reports),
        "peak_memory_mb": peak_memory_mb(),
        "epochs": [(seconds - store.reports[0].seconds, score) for seconds, score in store.epochs],
    }


def reached(epochs: Sequence[tuple[float, float]], score: float | None) -> bool:
    """Whether an epoch came to a score; never to None. epochs: (seconds, score) each."""
    return score is not None and any(found >= score for _, found in epochs)


def lasted(reports: Sequence[Report], seconds: float | None) -> bool:
    """Whether the first step was so long ago; never where that is None."""
    began = first_step(reports)
    return seconds is not None and began is not None and reports[-1].seconds - began >= seconds


def first_step(reports: Sequence[Report]) -> float | None:
    """When a first step was reported, None before."""
    return next((report.seconds for report in reports if report.step), None)


def epoch_rates(reports: Sequence[Report], batch_size: int, images: int) -> list[float]:
    """Images a second of each epoch's training steps, validation not counted. images: of an epoch.

    An epoch lasts from its first report to the one that begins its validation, or to its last where it was stopped.
    The first epoch is counted from its first step, which compiles.
    """
    rates = []
    for epoch in sorted({report.epoch for report in reports}):
        own = [report for report in reports if report.epoch == epoch and (report.step or epoch > 1)]
        ends = [number for number, report in enumerate(own) if report.phase == "validating"]
        window = own[: ends[0] + 1] if ends else own
        if len(window) > 1 and window[-1].step > window[0].step:
            shown = [min(report.step * batch_size, images) for report in (window[0], window[-1])]
            rates.append((shown[1] - shown[0]) / (window[-1].seconds - window[0].seconds))
    return rates


if __name__ == "__main__":
    main()
