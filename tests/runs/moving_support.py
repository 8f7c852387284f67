"""A record of runs in every state, with all that may be in one; and what it says, read through the store."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from mri_core.runs.champions import Grounds, promote, promotions
from mri_core.runs.liveness import process_of
from mri_core.runs.run import Progress, Timing
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.spec import TrainingSpec

LABELS = ("label 1", "cyst, left", "größe/mm")


def live(store: RunStore) -> list[str]:
    """Ids of a finished, a stopped and a failed run, oldest first; the first two have been champions of "demo"."""
    ids = []
    for number, status in enumerate(("finished", "stopped", "failed")):
        run = store.create(TrainingSpec(epochs=3 + number), "demo", "f00d", LABELS)
        store.start(run.id, process_of(), 33923, "CPU", {"numpy": "2"})
        store.log_progress(run.id, Progress(1, 3, 5, 9, None, None, "training", 1e9 + 0.1))
        for epoch in (1, 2, 3):
            scores = {"loss": 0.1 + 0.2 / epoch, "val_loss": math.nan if number else 1 / 3, "micro_f1": math.inf}
            store.log_epoch(run.id, {"epoch": epoch, **scores, "f1": {LABELS[1]: None, LABELS[2]: 1e-300}})
        error = "the log: \0 größe \u200b 🧠\nline two" if status == "failed" else None
        store.finish(run.id, status, Timing(1.5, 2.25, 1 / 3), error=error, best_epoch=2)
        ids.append(run.id)
    deleted = store.create(TrainingSpec(), "demo", "f00d", LABELS)
    store.delete(deleted.id)
    for run_id in ids[:2]:
        promote(store.settings, store.get(run_id), Grounds("first", "There was none.", {"micro_f1": 1 / 3}))
    return ids


def told(settings: Settings) -> tuple[Any, ...]:
    """All that a user is told of the runs and champions in a database."""
    store = RunStore(settings)
    runs = [store.get(run.id) for run in store.list()]
    return [replace(run, error=run.error and run.error.replace("\0", "\ufffd")) for run in runs], promotions(settings)
