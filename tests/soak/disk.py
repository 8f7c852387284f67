"""A disk that is full or broken at every write in turn: `python -m tests.soak.disk`.

Each write of each call of the run database, and of a checkpoint, fails in a process that calls them. Then the writes
that a training makes beneath its home fail, its checkpoints, model, log and database alike, once with EIO and once with
ENOSPC, which lasts until room is made. A training makes hundreds that are alike, so of each kind (to flush the
database, say) the first, the last, and those between at even distances are tried. It prints a JSON object; its exit
status is 1 unless every failure was in plain words, nothing was damaged, and every training came, if need be resumed,
to the bits of an undisturbed one.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from mri_core.bench.session import own_settings
from mri_core.datasets.dataset import Dataset
from mri_core.datasets.demo.generate import make_demo
from mri_core.runs.attempts import resume
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.runs.supervise import supervise
from mri_core.training.presets import make_spec
from tests.soak.faults import FAULTS, compile_library, faulty
from tests.soak.homes import database_faults
from tests.soak.kills import same

ROOT = Path(__file__).resolve().parents[2]
SPEC = (
    "dense-adam",
    {"epochs": 2, "patience": 2, "flips": "both", "flip_mode": "random", "shift": 2, "batch_size": 16},
)
FULL_SECONDS = 3.0
"""For so long a disk stays full, unless the run has failed before."""
NOT_PLAIN = "failed in no plain words"
_OF_THE_PROCESS = ("exit code", "ended with signal", "without recording")


def fail_calls(home: Path, library: Path, every: int) -> dict[str, Any]:
    """The writes of single calls, every so many; see disk_calls.py."""
    command = [sys.executable, "-m", "tests.soak.disk_calls", library, home, str(every)]
    said = subprocess.check_output(command, cwd=ROOT, env=os.environ | faulty(library, home), text=True)
    return json.loads(said)


def fail_trainings(home: Path, library: Path, of_each: int, every: int = 1) -> dict[str, Any]:
    """Trainings of which one write fails.

    of_each: how many writes of each kind are tried. every: of these, with each fault, one of so many.
    Returns what was found, by name; what was wrong, in sentences.
    """
    settings = own_settings(home)
    dataset, store, said = make_demo(settings, slices=300), RunStore(settings), home.parent / "said"
    undisturbed = _trained(store, _queued(store, dataset), faulty(library, home, said=said))
    writes = said.read_text().splitlines()
    kinds = by_kind(writes)
    found: Counter[str] = Counter({"writes": len(writes), "kinds": len(kinds)})
    wrong: list[str] = []
    places = [at for alike in kinds.values() for at in spread(alike, of_each)]
    for at, fault in list(product(places, FAULTS))[every // 2 :: every]:
        run = _queued(store, dataset)
        ended, how, place = _disturbed(store, run, library, home, at, fault)
        found.update(["trainings", how])
        wrong += [f"write {at} ({place}), {fault}: {each}" for each in _faults_of(store, ended, undisturbed)]
        if how == NOT_PLAIN:
            wrong.append(f"write {at} ({place}), {fault}: {how}")
        store.delete(run.id)
    return dict(found) | {"wrong": wrong}


def by_kind(writes: Sequence[str]) -> dict[str, list[int]]:
    """What was done to which file, without the names that are drawn anew -> the numbers of those writes, from 1."""
    found = defaultdict(list)
    for line in writes:
        number, _, what, path = line.split(" ", 3)
        found[f"{what} {re.sub('[0-9a-f]{8,}', '', '/'.join(path.split('/')[-2:]))}"].append(int(number))
    return found


def spread(numbers: Sequence[int], most: int) -> list[int]:
    """At most so many of them: the first, the last, and others at even distances."""
    return [numbers[place] for place in np.unique(np.linspace(0, len(numbers) - 1, most).round().astype(int))]


def _queued(store: RunStore, dataset: Dataset) -> Run:
    return store.create(make_spec(*SPEC), dataset.name, dataset.fingerprint, dataset.label_names)


def _trained(store: RunStore, run: Run, environment: Mapping[str, str]) -> Run:
    supervise(run.id, store.settings.environment() | environment)
    return store.get(run.id)


def _disturbed(store: RunStore, run: Run, library: Path, under: Path, at: int, fault: str) -> tuple[Run, str, str]:
    """Train while a write fails. Returns the run once it has finished, how it came to it, and which write it was."""
    full, said = under.parent / "full", under.parent / "said"
    full.touch()
    said.write_text("")
    environment = store.settings.environment() | faulty(library, under, at, fault, full, said)
    follower = threading.Thread(target=supervise, args=(run.id, environment))
    follower.start()
    while follower.is_alive() and "FAILS" not in said.read_text():
        time.sleep(0.05)
    follower.join(FULL_SECONDS)
    waited = follower.is_alive()
    full.unlink()
    follower.join()
    ended = store.get(run.id)
    place = next((line.rpartition("/")[2] for line in said.read_text().splitlines() if "FAILS" in line), "")
    if not place:
        return ended, "over before", place
    if ended.status != "failed":
        return ended, "waited" if waited and fault == "ENOSPC" else "went on", place
    reason = (ended.error or "").partition("\n")[0]
    resume(store, run.id)
    how = NOT_PLAIN if any(words in reason for words in _OF_THE_PROCESS) else "failed and resumed"
    return _trained(store, run, {}), how, place


def _faults_of(store: RunStore, run: Run, undisturbed: Run) -> list[str]:
    found = []
    if not same(run, undisturbed):
        found.append(f"it is {run.status} and not the undisturbed one: {run.error}")
    names = {path.relative_to(run.folder) for path in run.folder.rglob("*")}
    if more := names - {path.relative_to(undisturbed.folder) for path in undisturbed.folder.rglob("*")}:
        found.append(f"left behind: {', '.join(map(str, sorted(more)))}")
    if less := {path.relative_to(undisturbed.folder) for path in undisturbed.folder.rglob("*")} - names:
        found.append(f"missing: {', '.join(map(str, sorted(less)))}")
    found += database_faults(store.settings)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of-each", type=int, default=3, help="so many writes of each kind a training makes")
    parser.add_argument("--every-call", type=int, default=1, help="of so many writes of single calls one is failed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mri-soak-") as folder:
        library = compile_library(Path(folder))
        calls, home = Path(folder) / "calls", Path(folder) / "home"
        for each in (calls, home):
            each.mkdir()
        found = {
            "calls": fail_calls(calls, library, options.every_call),
            "trainings": fail_trainings(home, library, options.of_each),
        }
    print(json.dumps(found))
    return int(any(each["wrong"] for each in found.values()))


if __name__ == "__main__":
    raise SystemExit(main())
