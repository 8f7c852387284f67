"""The run database when thousands of runs are recorded: how long a list of the newest takes, and the curves of one run.

    python benchmarks/many_runs.py [--runs 10000] [--epochs 20] [--repeats 100]

One run is recorded as a training records it, in a temporary home; the others are copies of its rows, made by SQL
because MLflow would take minutes. Every reading is of a run that was not read before, after a change of the database,
as beside a training: nothing that was kept can be used. Prints one JSON document with milliseconds; its exit status is
1 where 95 % of them take longer than they may.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil

from mri_core.runs.liveness import process_of
from mri_core.runs.run import Progress
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import make_spec

LABELS = ("1", "2", "3")
COPIED = ("tags", "params", "metrics", "latest_metrics")
LISTED = 101
"""What the Runs page reads: a hundred, and one more to know whether there are more."""
NEWEST, ENDED, CURVES = f"newest {LISTED}", f"newest {LISTED} of a data set that have ended", "curves of a run"
GOALS = {NEWEST: 300, ENDED: 300, CURVES: 50}
"""Milliseconds within which 95 % shall be done."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Times the run database with many runs.")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mri-many-runs-") as folder:
        settings = Settings(home=Path(folder))
        with ProcessPoolExecutor(1) as other:  # this one begins with the runs there, as a server does that is started
            recorded = other.submit(record, RunStore(settings), given.epochs).result()
        ids = copy(settings.root / "mlflow.db", recorded, given.runs - 1)
        found = measure(settings, ids, given.repeats)
    print(json.dumps(found, indent=1))
    return int(any(found["milliseconds"][what]["p95"] > goal for what, goal in GOALS.items()))


def record(store: RunStore, epochs: int) -> str:
    """A run that has ended after so many epochs. Returns its id."""
    run = store.create(make_spec("cnn", {"epochs": epochs}), "demo", "f00d", LABELS)
    store.start(run.id, process_of(), parameters=1_000_000, device="CPU", versions={"tensorflow": "2"})
    for epoch in range(1, epochs + 1):
        by_label = dict.fromkeys(LABELS, 0.5)
        numbers = dict.fromkeys(("loss", "val_loss", "micro_f1", "val_micro_f1", "macro_f1", "val_macro_f1"), 1 / epoch)
        store.log_epoch(run.id, {"epoch": epoch, "seconds": 1.0, "f1": by_label, "val_f1": by_label, **numbers})
    store.finish(run.id, "finished", best_epoch=epochs)
    return run.id


def copy(file: Path, run_id: str, copies: int) -> list[str]:
    """Rows of a run under new ids, each begun a minute before the one before. Returns all ids."""
    ids = [uuid.UUID(int=random.Random(number).getrandbits(128)).hex for number in range(copies)]
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TEMP TABLE made (id TEXT, number INTEGER)")
        database.executemany("INSERT INTO made VALUES (?, ?)", [(each, number) for number, each in enumerate(ids, 1)])
        changed = {
            "run_uuid": "made.id", "name": "'cnn ' || made.number", "start_time": "start_time - 60000 * made.number"
        }  # fmt: skip
        for table in ("runs", *COPIED):
            columns = [f'"{column[1]}"' for column in database.execute(f"PRAGMA table_info({table})")]
            changes = changed if table == "runs" else {"run_uuid": "made.id"}
            values = [changes.get(column.strip('"'), column) for column in columns]
            database.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table}, made "
                "WHERE run_uuid = ?", (run_id,),
            )  # fmt: skip
        database.commit()
    return [run_id, *ids]


def measure(settings: Settings, ids: list[str], repeats: int) -> dict:
    store, chance = RunStore(settings), random.Random(0)
    beside = store.create(make_spec("cnn", {}), "demo", "f00d", LABELS)  # the training that writes between
    store.start(beside.id, process_of(), parameters=1)
    asked = iter(chance.sample(ids, 2 * repeats))
    questions: dict[str, Callable[[], object]] = {
        NEWEST: lambda: store.list(limit=LISTED),
        ENDED: lambda: store.list("demo", ("finished", "stopped"), LISTED),
        "what waits and runs": lambda: store.list(statuses=("queued", "running")),
        CURVES: lambda: store.history(next(asked)),
        "a run with its curves": lambda: store.get(next(asked)),
    }
    found = {what: spread([timed(ask, store, beside.id) for _ in range(repeats)]) for what, ask in questions.items()}
    nothing = timed(lambda: store.list(limit=LISTED, text="nowhere"), store, beside.id)
    return {
        "runs": len(store.list(limit=None)),
        "database_mb": round((settings.root / "mlflow.db").stat().st_size / 1e6),
        "load_average": psutil.getloadavg()[0],
        "milliseconds": found | {"a text that no run mentions": round(nothing)},
    }


def timed(ask: Callable[[], object], store: RunStore, written: str) -> float:
    store.log_progress(written, Progress(1, 9, 1, 9, 0.0, None, "training", time.time()))
    began = time.perf_counter()
    ask()
    return 1e3 * (time.perf_counter() - began)


def spread(times: list[float]) -> dict[str, float]:
    return {f"p{part}": round(float(np.percentile(times, part)), 1) for part in (50, 95, 99)}


if __name__ == "__main__":
    raise SystemExit(main())
