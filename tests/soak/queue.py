"""Many runs, several at once, each trained once and in order: `python -m tests.soak.queue --runs 1000 --slots 4`.

In every round two engines start at the same instant on one home, where runs wait whose training is a stand-in that says
when it begins and ends. It prints a JSON object; its exit status is 1 unless in each round one engine served, each run
began once, never more ran than there are slots, and none began before one that stood `slots` or more places ahead.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from mri_core.bench.session import own_settings
from mri_core.runs.engine import ensure_engine
from mri_core.runs.liveness import ENGINE_FILE
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.spec import TrainingSpec

SAYING = 'echo "begin $0" >> "$MRI_HOME/said"; sleep 0.3; echo "end $0" >> "$MRI_HOME/said"'
STAND_IN = ("sh", "-c", SAYING)
PATIENCE = 600.0
"""Seconds without a run that ends, after which it has failed."""


def drain(home: Path, runs: int, rounds: int) -> dict[str, Any]:
    """runs: in all, spread over the rounds. The engine finds its slots in the environment. Returns what was found."""
    settings = own_settings(home)
    store, began, engines, made = RunStore(settings), time.monotonic(), [], []
    for _ in range(rounds):
        made += [store.create(TrainingSpec(), "none", "f00d", ("one",)).id for _ in range(runs // rounds)]
        starting = [threading.Thread(target=ensure_engine, args=(settings, STAND_IN)) for _ in range(2)]
        for each in starting:
            each.start()
        for each in starting:
            each.join()
        _wait(lambda: len(store.list(statuses=("queued", "running"))))
        engines.append(len(_engines(settings)))
        (settings.engine / ENGINE_FILE).unlink()  # which asks it to end
        _wait(lambda: len(_engines(settings)))
    said = [line.split() for line in (home / "said").read_text().splitlines()]
    begun = [run_id for what, run_id in said if what == "begin"]
    at_once = most = 0
    for what, _ in said:
        at_once += 1 if what == "begin" else -1
        most = max(most, at_once)
    places = {run_id: place for place, run_id in enumerate(made)}
    return {
        "runs": len(made),
        "begun once": sum(number == 1 for number in Counter(begun).values()),
        "at once": most,
        "furthest from its place": max(abs(place - places[run_id]) for place, run_id in enumerate(begun)),
        "engines that served": engines,
        "seconds": round(time.monotonic() - began, 1),
    }


def _engines(settings: Settings) -> list[psutil.Process]:
    """The engines of this home that are alive."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        try:
            ours = "mri_core.runs.daemon" in (process.info["cmdline"] or ())
            if ours and process.environ().get("MRI_HOME") == str(settings.root):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def _wait(left: Callable[[], int]) -> None:
    """Until nothing is left."""
    before, deadline = -1, 0.0
    while now := left():
        if now != before:
            before, deadline = now, time.monotonic() + PATIENCE
        if time.monotonic() > deadline:
            raise TimeoutError(f"{now} are left, and nothing has changed for {PATIENCE:.0f} s")
        time.sleep(0.5)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    os.environ["MRI_SLOTS"] = str(options.slots)
    with tempfile.TemporaryDirectory(prefix="mri-soak-") as folder:
        found = drain(Path(folder), options.runs, options.rounds)
    print(json.dumps(found))
    good = (
        found["begun once"] == found["runs"]
        and found["at once"] <= options.slots
        and found["furthest from its place"] < options.slots
        and found["engines that served"] == [1] * options.rounds
    )
    return int(not good)


if __name__ == "__main__":
    raise SystemExit(main())
