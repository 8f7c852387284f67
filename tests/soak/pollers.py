"""Trainings that write while others read: `python -m tests.soak.pollers --seconds 600`.

Three trainings write their progress and epochs, and twenty readers, threads of four processes, read what pages read:
the queue, the list of runs, a run, its curves, the champions. It prints a JSON object with the readers' times in
milliseconds; its exit status is 1 unless no call of anybody failed and each training went on to its end.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from mri_core.bench.session import end_processes, own_settings
from mri_core.datasets.demo.generate import make_demo
from mri_core.runs.champions import champions
from mri_core.runs.queue import read_queue
from mri_core.runs.store import RunStore
from mri_core.runs.supervise import supervise
from mri_core.settings import Settings
from mri_core.training.presets import make_spec
from tests.soak.homes import database_faults

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 4
PAUSE = 1.0
"""Seconds between two looks of a reader, as between those of a page that follows a run."""
SLICES, SPEC = 2_000, ("dense-adam", {"epochs": 1000, "patience": 1000, "batch_size": 16})
"""More than can be trained while they are read."""
READS: dict[str, Callable[[RunStore, str], object]] = {
    "queue": lambda store, _: read_queue(store),
    "list": lambda store, _: store.list(),
    "get": lambda store, run_id: store.get(run_id),
    "history": lambda store, run_id: store.history(run_id),
    "champions": lambda store, _: champions(store.settings),
}


def poll_trainings(home: Path, seconds: float, pollers: int = 20, trainings: int = 3) -> dict[str, Any]:
    """Returns what was read, what failed, and the quantiles of each call's time."""
    settings = own_settings(home)
    dataset, store = make_demo(settings, slices=SLICES), RunStore(settings)
    runs = [
        store.create(make_spec(*SPEC), dataset.name, dataset.fingerprint, dataset.label_names) for _ in range(trainings)
    ]
    following = [threading.Thread(target=supervise, args=(run.id, settings.environment())) for run in runs]
    for each in following:
        each.start()
    try:
        while not all(store.get(run.id).history or store.get(run.id).ended for run in runs):
            time.sleep(0.5)
        before = sum(len(store.get(run.id).history) for run in runs)
        command = [sys.executable, "-m", "tests.soak.pollers", "--read", runs[0].id]
        command += ["--seconds", str(seconds), "--pollers", str(pollers // PROCESSES)]
        environment = os.environ | settings.environment()
        readers = [
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) for _ in range(PROCESSES)
        ]
        said = [json.loads(each.communicate()[0]) for each in readers]
        written = sum(len(store.get(run.id).history) for run in runs) - before
        for run in runs:
            store.request_stop(run.id)
        for each in following:
            each.join()
    finally:
        end_processes(settings)
    ended = [store.get(run.id) for run in runs]
    times = {name: np.array([spent for each in said for spent in each["times"][name]]) * 1000 for name in READS}
    times["all"] = np.concatenate(list(times.values()))
    return {
        "reads": len(times["all"]),
        "epochs written": written,
        "errors": [error for each in said for error in each["errors"]],
        "ended": [run.status for run in ended],
        "gaps": sum([row["epoch"] for row in run.history] != list(range(1, len(run.history) + 1)) for run in ended),
        "damage": database_faults(settings),
        "ms": {
            name: {"p50": round(float(np.quantile(each, 0.5)), 1), "p95": round(float(np.quantile(each, 0.95)), 1)}
            for name, each in times.items()
        },
    }


def read(settings: Settings, run_id: str, seconds: float, threads: int) -> dict[str, Any]:
    """What one process reads: the seconds of each call, and what it raised."""
    store = RunStore(settings)
    store.list()  # the first one loads MLflow, once in a process's life
    deadline = time.monotonic() + seconds
    times: dict[str, list[float]] = {name: [] for name in READS}

    def look() -> None:
        while time.monotonic() < deadline:
            for name, call in READS.items():
                began = time.monotonic()
                call(store, run_id)
                times[name].append(time.monotonic() - began)
            time.sleep(PAUSE)

    with ThreadPoolExecutor(threads) as pool:
        errors = [looking.exception() for looking in [pool.submit(look) for _ in range(threads)]]
    return {"times": times, "errors": [f"{type(error).__name__}: {error}" for error in errors if error]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--pollers", type=int, default=20)
    parser.add_argument("--read", metavar="RUN", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        print(json.dumps(read(Settings(), options.read, options.seconds, options.pollers)))
        return 0
    os.environ["MRI_THREADS"] = "1"  # of each training
    with tempfile.TemporaryDirectory(prefix="mri-soak-") as folder:
        found = poll_trainings(Path(folder), options.seconds, options.pollers)
    print(json.dumps(found))
    return int(bool(found["errors"] or found["gaps"] or found["damage"] or set(found["ended"]) != {"stopped"}))


if __name__ == "__main__":
    raise SystemExit(main())
