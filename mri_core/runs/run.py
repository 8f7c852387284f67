"""`Run`: everything that is known about one training, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from mri_core.settings import amounts
from mri_core.training.spec import TrainingSpec

Status = Literal["queued", "running", "stopped", "finished", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)

NEXT: dict[Status, tuple[Status, ...]] = {
    "queued": ("running", "stopped", "failed"),
    "running": ("queued", "stopped", "finished", "failed"),
    "stopped": ("queued",),
    "finished": (),
    "failed": ("queued",),
}
"""The changes of status that may happen. What is queued once more goes on where it was: its next attempt."""

ENDED: tuple[Status, ...] = ("stopped", "finished", "failed")
RESUMABLE: tuple[Status, ...] = ("stopped", "failed")

SCORES = (
    "loss",
    "val_loss",
    "micro_f1",
    "val_micro_f1",
    "macro_f1",
    "val_macro_f1",
    "binary_accuracy",
    "val_binary_accuracy",
    "subset_accuracy",
    "val_subset_accuracy",
    "seconds",
)
"""The numbers of one epoch, in the order in which they are shown."""


@dataclass(frozen=True)
class Progress:
    """Where a running training is.

    epoch, step: counted from 1, 0 before the first. seconds_left: of the whole training, None while unknown.
    patience_left: epochs without a lower validation loss until early stopping, None before the first epoch's end.
    phase: "starting", "training", "validating" or "saving". updated: seconds since 1970.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    seconds_left: float | None
    patience_left: int | None
    phase: str
    updated: float


@dataclass(frozen=True)
class Process:
    """A process on a host. started: seconds since 1970, which tells it from a later process with the same number."""

    host: str
    pid: int
    started: float


@dataclass(frozen=True)
class Claim:
    """Who looks after a run: a process, by one of its tickets to the queue."""

    process: Process
    ticket: str


@dataclass(frozen=True)
class Timing:
    """What a training took: seconds in all, slices trained on per second, and the most memory held, in MB."""

    seconds: float
    images_per_second: float
    peak_memory_mb: float


@dataclass(frozen=True)
class Run:
    """One training: its settings, state and results.

    history: one dictionary an epoch: "epoch", the numbers of `SCORES`, and "f1" and "val_f1" as {label: value}; a value
    is None where it is undefined. Empty in lists.
    summary: "last" and "best" (lowest validation loss) -> {"epoch", the numbers of `SCORES`}; empty before the first
    epoch's end.
    device: what it trains on and in which precision, such as "CPU, 2 threads, bfloat16".
    versions: package -> its version in the training process; empty for a run that has not begun.
    process: the training process, known from its launch. error: why it failed, with the end of its log; several lines.
    claim: who looks after it; None while it waits, and of runs without an engine.
    beat: grows while its claim is of somebody alive, where runs are looked after on several hosts.
    turn: where a queued run stands: the lowest is next. At first the seconds since 1970 of its creation.
    attempt: counted from 1; each time the run is queued again begins the next. losses: processes lost in a row without
    a finished epoch between them.
    resources: what it takes of a cluster's worker, such as "GPU=1"; see `Settings`.
    """

    id: str
    name: str
    status: Status
    spec: TrainingSpec
    dataset_name: str
    dataset_fingerprint: str
    label_names: tuple[str, ...]
    created: datetime
    folder: Path
    parameters: int | None = None
    device: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    progress: Progress | None = None
    history: tuple[dict[str, Any], ...] = ()
    best_epoch: int | None = None
    process: Process | None = None
    timing: Timing | None = None
    error: str | None = None
    stop_requested: bool = False
    claim: Claim | None = None
    beat: int = 0
    turn: float = 0.0
    attempt: int = 1
    losses: int = 0
    resources: str = ""
    summary: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return self.status in ENDED


def run_json(run: Run) -> dict[str, Any]:
    """The document of `mri show RUN --json`."""
    return {
        "id": run.id,
        "name": run.name,
        "status": run.status,
        "spec": run.spec.model_dump(mode="json"),
        "dataset": {"name": run.dataset_name, "fingerprint": run.dataset_fingerprint},
        "parameters": run.parameters,
        "device": run.device,
        "versions": dict(run.versions),
        "progress": asdict(run.progress) if run.progress else None,
        "history": [dict(row) for row in run.history],
        "best_epoch": run.best_epoch,
        "process": {"host": run.process.host, "pid": run.process.pid} if run.process else None,
        "timing": asdict(run.timing) if run.timing else None,
        "error": run.error,
        "created": run.created.isoformat(),
        "stop_requested": run.stop_requested,
        "attempt": run.attempt,
        "resources": amounts(run.resources),
    }
