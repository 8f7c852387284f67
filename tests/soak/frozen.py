"""Freeze a training that its supervisors cannot kill, and thaw it too late: `python -m tests.soak.frozen --times 10`.

The supervisor on a training's own machine ends a frozen one. So the training is started in a process namespace of its
own, as another container that shares the home would: a supervisor outside sees neither it nor its supervisor, which is
killed. The training is stopped at a random instant, the next attempt takes over, and the stopped one goes on: in turn
while the next one trains, and after that has finished. It prints a JSON object; its exit status is 1 unless each
frozen training was refused, changed no file of the run, and the run ended with the bits of an undisturbed one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from mri_core.bench.session import end_processes, own_settings
from mri_core.datasets.dataset import Dataset
from mri_core.datasets.demo.generate import make_demo
from mri_core.errors import StoreError
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.runs.supervise import FROZEN_SECONDS, supervise
from mri_core.training.presets import make_spec
from tests.soak.homes import database_faults, files_of, processes_of
from tests.soak.kills import same

SPEC = (
    "dense-adam",
    {"epochs": 12, "patience": 12, "flips": "both", "flip_mode": "random", "shift": 2, "batch_size": 16},
)
APART = ("unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", '"$@" & wait; sleep 3600', "sh")
"""A process namespace that outlives the program in it, and ends with its first process, the shell."""
PROGRAM = (
    "import sys; from mri_core.runs.supervise import supervise; from mri_core.settings import Settings; "
    "supervise(sys.argv[1], Settings().environment())"
)
TRAINING = "mri_core.training.worker"
HELD_SECONDS = 60.0
"""Who has not been succeeded after so long was frozen while it held the run's lock or the database, and is thawed."""
REFUSED = "is at attempt 2, this process belongs to 1"


def freeze_trainings(home: Path, times: int, seed: int, seconds: float) -> dict[str, Any]:
    """seconds: that a training stays frozen at least, where it is thawed after the end. Returns what was found."""
    settings = own_settings(home)
    dataset, store, chance = make_demo(settings, slices=300), RunStore(settings), random.Random(seed)
    found: dict[str, Any] = {"frozen": 0, "over before": 0, "refused": 0, "different": 0, "wrong": [], "seed": seed}
    try:
        began = time.monotonic()
        run = _queued(store, dataset)
        supervise(run.id, settings.environment())
        undisturbed, lasts = store.get(run.id), time.monotonic() - began
        while found["frozen"] < times:
            run, late = _queued(store, dataset), found["frozen"] % 2 == 1
            if not _freeze(store, run, chance.uniform(0, lasts), late, seconds, found["wrong"]):
                found["over before"] += 1
                lasts *= 0.8  # the machine has less to do by now
                continue
            found["frozen"] += 1
            run = store.get(run.id)
            log = (run.folder / "log.txt").read_text()
            found["refused"] += REFUSED in log
            found["different"] += not same(run, undisturbed)
            if REFUSED not in log or run.attempt != 2:
                found["wrong"].append(f"attempt {run.attempt}, {run.status}, {run.error}: {log[-1000:]}")
        found["wrong"] += database_faults(settings)
        found["left"] = len(processes_of(settings))
    finally:
        end_processes(settings)
    return found


def _queued(store: RunStore, dataset: Dataset) -> Run:
    return store.create(make_spec(*SPEC), dataset.name, dataset.fingerprint, dataset.label_names)


def _freeze(store: RunStore, run: Run, wait: float, late: bool, seconds: float, wrong: list[str]) -> bool:
    """Carry a run to its end over a training that is frozen. False where it ended before its instant came, or went on
    once it was thawed because nobody could succeed it: it held the run's lock, or the database, and was about to end.
    """
    environment = os.environ | store.settings.environment()
    command = [*APART, sys.executable, "-c", PROGRAM, run.id]
    apart = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    frozen = None
    try:
        frozen = _await_training(store, run, 1)
        time.sleep(wait)
        if frozen is None or not _stop(frozen) or _over(store, run):
            return False
        stopped = time.monotonic()
        for supervisor in processes_of(store.settings, PROGRAM):
            if "unshare" not in supervisor.name() and supervisor.name() != "sh":
                supervisor.kill()
        following = threading.Thread(target=supervise, args=(run.id, store.settings.environment()))
        following.start()
        taken_over = _taken_over(store, run, stopped + max(seconds, HELD_SECONDS))
        late = late and taken_over
        if late:
            following.join()
            time.sleep(max(0.0, stopped + seconds - time.monotonic()))
        elif taken_over:
            _await_training(store, run, 2)
        before = files_of(run)
        with suppress(psutil.NoSuchProcess):
            frozen.resume()
        psutil.wait_procs([frozen])
        following.join()
        if late and files_of(run) != before:
            wrong.append(f"a thawed training changed {dict(files_of(run).items() ^ before.items())}")
        return taken_over or store.get(run.id).attempt > 1
    finally:
        with suppress(psutil.NoSuchProcess):
            if frozen:
                frozen.kill()
        for shell in psutil.Process(apart.pid).children():
            shell.kill()
        apart.wait()


def _over(store: RunStore, run: Run) -> bool:
    with suppress(StoreError):  # frozen while it held the database, so it is not over
        return store.get(run.id).ended
    return False


def _taken_over(store: RunStore, run: Run, deadline: float) -> bool:
    """Whether the next attempt has begun; not while the frozen one holds the run's lock or the database."""
    while time.monotonic() < deadline:
        with suppress(StoreError):
            if store.get(run.id).attempt > 1:
                return True
        time.sleep(0.1)
    return False


def _stop(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        process.suspend()
        while process.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE):
            time.sleep(0.01)
        return process.status() == psutil.STATUS_STOPPED
    return False


def _await_training(store: RunStore, run: Run, attempt: int) -> psutil.Process | None:
    """The training process of an attempt, as this machine numbers it; None where the run is over."""
    while not store.get(run.id).ended:
        for process in processes_of(store.settings, TRAINING):
            with suppress(psutil.NoSuchProcess):
                if process.cmdline()[-2:] == [run.id, str(attempt)]:
                    return process
        time.sleep(0.05)
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=3 * FROZEN_SECONDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mri-soak-") as folder:
        found = freeze_trainings(Path(folder), options.times, options.seed, options.seconds)
    print(json.dumps(found))
    good = found["refused"] == found["frozen"] and not (found["different"] or found["wrong"] or found["left"])
    return int(not good)


if __name__ == "__main__":
    raise SystemExit(main())
