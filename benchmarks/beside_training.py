"""How much slower the dashboard answers one person while a CNN trains on the same machine.

    python benchmarks/beside_training.py [--dataset demo] [--rounds 4] [--seconds 60] [--out FILE.json]

One server. In each round somebody looks around, as in sessions_load.py but thinking for a second only, first with the
machine to themselves and then beside a training that the Train page's way has started. Prints one JSON document: the
seconds of the reruns in either state over all rounds, and the ratio of their 95th percentiles.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import time
from pathlib import Path

from sessions_load import UPLOAD, Log, Person, crowd, dashboard, summary, wait_for_training

from mri_core.bench.session import FULL, Bench, open_bench
from mri_core.bench.trained import trained_run
from mri_core.datasets.dataset import open_dataset
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import make_spec
from mri_core.training.start import start_run

THINKING = 1.0
STATES = ("alone", "beside a training")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each state in each round")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    lent = open_dataset(given.dataset, Settings())
    with open_bench(FULL, 1, 0, lent) as bench:
        shutil.copytree(lent.folder, bench.settings.datasets / "demo")
        found = measure(bench, trained_run(bench), given.rounds, given.seconds)
    text = json.dumps(found, indent=1)
    print(text)
    if given.out:
        given.out.write_text(text + "\n")


def measure(bench: Bench, run: Run, rounds: int, seconds: float) -> dict:
    times: dict[str, list[tuple[str, float]]] = {state: [] for state in STATES}
    errors = []
    with dashboard(bench) as (server, place):

        def look_around(seconds: float, seed: int) -> list[tuple[str, float]]:
            log = Log()
            person = Person(log, place, bench.demo(), run, THINKING, random.Random(seed))
            asyncio.run(crowd(log, server, [person], seconds))
            errors.extend(what for _, what in log.errors)
            return [(what, took) for _, what, took in log.times if what != UPLOAD]

        look_around(seconds, -1)  # the first visit of a page loads libraries
        for number in range(rounds):
            times["alone"] += look_around(seconds, number)
            training = _training(bench)
            times["beside a training"] += look_around(seconds, number)
            _stop(bench, training)
    found = {state: summary(times[state]) for state in STATES}
    alone, beside = (found[state]["all"]["p95"] for state in STATES)
    return {"rounds": rounds, "seconds": seconds, "ratio_of_p95": round(beside / alone, 2), "errors": errors} | found


def _training(bench: Bench) -> Run:
    run = start_run(make_spec("cnn", {"epochs": 1000, "patience": 1000}), bench.demo(), bench.settings)
    wait_for_training(bench.settings, run)
    return run


def _stop(bench: Bench, run: Run) -> None:
    store = RunStore(bench.settings)
    store.request_stop(run.id)
    while not store.get(run.id).ended:
        time.sleep(0.2)


if __name__ == "__main__":
    main()
