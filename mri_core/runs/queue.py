"""The queue as people read it: what trains, what waits, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mri_core.runs.liveness import read_engine, settle
from mri_core.runs.order import in_order, is_held
from mri_core.runs.run import Process, Run, Status, run_json
from mri_core.runs.slots import slots
from mri_core.runs.store import RunStore

MOST_FAILED = 5
_QUEUED: tuple[Status, ...] = ("queued",)
_RUNNING: tuple[Status, ...] = ("running",)
_FAILED: tuple[Status, ...] = ("failed",)
_LOOKED_AT = 50  # of the newest failed runs: the store knows them by their creation


@dataclass(frozen=True)
class Queue:
    """slots: how many runs train at once, None where a scheduler elsewhere decides. Histories are empty.

    running: in hand, the first to begin first; one may be starting still. waiting: the next one first.
    failed: the last few to fail, the last one first.
    """

    slots: int | None
    running: tuple[Run, ...]
    waiting: tuple[Run, ...]
    failed: tuple[Run, ...]


def read_queue(store: RunStore, failed: int = MOST_FAILED) -> Queue:
    """The queue as it is now. failed: how many failed runs to name at most."""
    running = [settle(store, run) for run in store.list(statuses=_RUNNING)]
    queued = in_order(store.list(statuses=_QUEUED))
    held = {run.id for run in queued if is_held(run)}
    busy = [run for run in (*running, *queued) if not run.ended and (run.status == "running" or run.id in held)]
    lost = store.list(statuses=_FAILED, limit=_LOOKED_AT)
    return Queue(
        _slots(store),
        tuple(sorted(busy, key=lambda run: (begun(run) or datetime.now(UTC), run.turn))),
        tuple(run for run in queued if run.id not in held),
        tuple(sorted(lost, key=last_sign, reverse=True)[:failed]),
    )


def _slots(store: RunStore) -> int | None:
    if store.settings.scheduler:
        return None
    engine = read_engine(store.settings)  # which goes on as it was started
    return engine["slots"] if engine and "slots" in engine else slots(store.settings)


def place_of(run: Run) -> Process | None:
    """The process that trains a run, or that is about to start it; None while it waits."""
    return run.process or (run.claim.process if run.claim else None)


def begun(run: Run) -> datetime | None:
    """When the process that trains a run was started, None before. A resumed run begins anew."""
    return datetime.fromtimestamp(run.process.started, UTC) if run.process else None


def last_sign(run: Run) -> datetime:
    """When a run last said how far it is; its creation when it never did."""
    return datetime.fromtimestamp(run.progress.updated, UTC) if run.progress else run.created


def queue_json(queue: Queue) -> dict[str, Any]:
    """The document of `mri queue --json`."""
    parts = {"running": queue.running, "waiting": queue.waiting, "failed": queue.failed}
    return {"slots": queue.slots, **{name: [run_json(run) for run in runs] for name, runs in parts.items()}}
