"""What disk.py starts with faults.c preloaded: `python -m tests.soak.disk_calls LIBRARY HOME EVERY`.

Fails every EVERY-th write of each call of the run database, of a checkpoint and of a file that is replaced, once for
each kind of fault, and prints a JSON object of what was found.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mri_core.bench.session import own_settings
from mri_core.errors import InvalidInput, MriError, NotFound
from mri_core.runs.attempts import beat, requeue, resume, take
from mri_core.runs.champions import Grounds, champion_of, demote, promote
from mri_core.runs.liveness import process_of
from mri_core.runs.order import move, waiting
from mri_core.runs.run import Claim, Progress, Run
from mri_core.runs.store import RunStore
from mri_core.training.checkpoint import Checkpoint, CheckpointWriter, newest_checkpoint, remove_checkpoints
from mri_core.training.spec import TrainingSpec
from tests.soak.faults import FAULTS, arm
from tests.soak.homes import database_faults

LABELS = ("one", "two")
ROW = {"epoch": 1, "loss": 0.5, "val_loss": 0.6, "f1": dict.fromkeys(LABELS, 0.5), "val_f1": dict.fromkeys(LABELS, 0.4)}
PROGRESS = Progress(1, 20, 5, 188, 61.5, 3, "training", 1700000000.0)
CLAIM = Claim(process_of(), "ticket")
NEWEST = 50
"""So many runs are looked at, of the thousands that come together."""

Call = tuple[Callable[[RunStore], Any], Callable[[RunStore, Any], Any], Callable[[RunStore, Any], object]]
"""What comes before, what is called with it, and whether it was done."""


def _queued(store: RunStore) -> str:
    return store.create(TrainingSpec(), "none", "f00d", LABELS).id


def _running(store: RunStore) -> str:
    run_id = _queued(store)
    store.start(run_id, process_of(), 1)
    return run_id


def _stopped(store: RunStore) -> str:
    run_id = _running(store)
    store.log_epoch(run_id, ROW)
    store.finish(run_id, "stopped", best_epoch=1)
    return run_id


def _promote(store: RunStore, run_id: str) -> None:
    promote(store.settings, store.get(run_id), Grounds("first", "It is the first.", {}))


def _take(store: RunStore, run_id: str) -> None:
    take(store, run_id, CLAIM, lambda _: False)


def _taken(store: RunStore) -> str:
    run_id = _queued(store)
    _take(store, run_id)
    return run_id


def _champion(store: RunStore) -> Run:
    run_id = _stopped(store)
    _promote(store, run_id)
    return store.get(run_id)


def _is(status: str) -> Callable[[RunStore, str], object]:
    return lambda store, run_id: store.get(run_id).status == status


def _ids(store: RunStore) -> set[str]:
    """The runs that wait, as the queue finds them: what one of them says of itself is not enough."""
    return {run.id for run in store.list(statuses=("queued",))}


def _waits(store: RunStore, run_id: str) -> bool:
    return run_id in _ids(store)


def _is_deleted(store: RunStore, run: Run) -> bool:
    listed = run.id in {each.id for each in store.list(limit=NEWEST)}
    return not (listed or run.folder.exists() or champion_of(store.settings, "none"))


CALLS: dict[str, Call] = {
    "create": (_ids, lambda store, _: _queued(store), lambda store, before: _ids(store) - before),
    "take": (_queued, _take, lambda store, run_id: store.get(run_id).claim == CLAIM),
    "beat": (
        _taken,
        lambda store, run_id: beat(store, run_id, CLAIM),
        lambda store, run_id: store.get(run_id).beat,
    ),
    "move": (
        _queued,
        lambda store, run_id: move(store, run_id, "first"),
        lambda store, run_id: waiting(store)[0].id == run_id,
    ),
    "assign": (
        _queued,
        lambda store, run_id: store.assign(run_id, process_of()),
        lambda store, run_id: store.get(run_id).process == process_of(),
    ),
    "start": (_queued, lambda store, run_id: store.start(run_id, process_of(), 1), _is("running")),
    "log_progress": (
        _running,
        lambda store, run_id: store.log_progress(run_id, PROGRESS),
        lambda store, run_id: store.get(run_id).progress == PROGRESS,
    ),
    "log_epoch": (
        _running,
        lambda store, run_id: store.log_epoch(run_id, ROW),
        lambda store, run_id: [row["f1"] for row in store.get(run_id).history] == [ROW["f1"]],
    ),
    "finish": (_running, lambda store, run_id: store.finish(run_id, "finished", best_epoch=1), _is("finished")),
    "request_stop": (_queued, lambda store, run_id: store.request_stop(run_id), _is("stopped")),
    "requeue": (_running, lambda store, run_id: requeue(store, run_id), _waits),
    "resume": (_stopped, lambda store, run_id: resume(store, run_id), _waits),
    "promote": (_stopped, _promote, lambda store, run_id: store.champion("none").id == run_id),
    "demote": (
        _champion,
        lambda store, run: demote(store.settings, run),
        lambda store, _: champion_of(store.settings, "none") is None,
    ),
    "delete": (_champion, lambda store, run: store.delete(run.id), _is_deleted),
}


def fail_call(library: Path, store: RunStore, name: str, every: int) -> tuple[int, list[str]]:
    """How many writes of a call were failed, and what was wrong, in sentences."""
    prepare, call, done = CALLS[name]
    tried, wrong = 0, []
    for fault, at in _places(library, lambda: prepare(store), lambda made: call(store, made), every):
        made = prepare(store)
        said = [_fails(library, at, fault, partial(call, store, made)), *_after(store, made, call, done)]
        wrong += [f"{name}, write {at}, {fault}: {each}" for each in said if each]
        tried += 1
    return tried, wrong


def _places(
    library: Path, prepare: Callable[[], Any], call: Callable[[Any], Any], every: int
) -> Iterator[tuple[str, int]]:
    made = prepare()
    arm(library, 0)
    call(made)
    writes = arm(library, 0)
    for fault in FAULTS:
        for at in range(1, writes + 1, every):
            yield fault, at


def _fails(library: Path, at: int, fault: str, call: Callable[[], Any]) -> str:
    """Call with a fault. Returns what is wrong with how it fails, if it does."""
    arm(library, at, fault)
    with ThreadPoolExecutor(1) as thread:
        error = thread.submit(call).exception()
    arm(library, 0)
    if error is None or (isinstance(error, MriError) and "\n" not in str(error)):
        return ""
    return f"{type(error).__name__}: {error}"


def _after(
    store: RunStore,
    made: Any,
    call: Callable[[RunStore, Any], Any],
    done: Callable[[RunStore, Any], object],
) -> Iterator[str]:
    """What is wrong once the disk is well again."""
    yield from database_faults(store.settings)
    try:
        store.list(limit=NEWEST)
        if not done(store, made):
            call(store, made)
        if not done(store, made):
            yield "it was not done when called again"
    except (InvalidInput, NotFound) as error:
        yield f"it was half done, and cannot be done again: {error}"


def fail_checkpoint(library: Path, folder: Path, every: int) -> tuple[int, list[str]]:
    """The same for a checkpoint after two others, of which the newer must stay readable."""
    made = [Checkpoint(taken=taken, variables=(np.full((60, 60), taken, np.float32),) * 3) for taken in (1, 2, 3)]
    tried, wrong = 0, []
    for fault, at in _places(library, lambda: _written(folder, made[:2]), lambda _: _written(folder, made[2:]), every):
        remove_checkpoints(folder)
        _written(folder, made[:2])
        said = _fails(library, at, fault, lambda: _written(folder, made[2:]))
        newest = newest_checkpoint(folder)
        whole = all(np.array_equal(each, made[newest.taken - 1].variables[0]) for each in newest.variables)
        left = [path.name for path in (folder / "checkpoints").iterdir() if path.name.startswith(".")]
        _written(folder, made[2:])
        if said or left or newest.taken < 2 or not whole or newest_checkpoint(folder).taken != 3:
            wrong.append(f"checkpoint, write {at}, {fault}: {said}, newest {newest.taken}, whole {whole}, left {left}")
        tried += 1
    return tried, wrong


def _written(folder: Path, checkpoints: list[Checkpoint]) -> None:
    with CheckpointWriter(folder) as writer:
        for each in checkpoints:
            writer.write(each)


def main(library: str, home: str, every: str) -> None:
    store = RunStore(own_settings(Path(home)))
    run: Run = store.get(_queued(store))
    found = {name: fail_call(Path(library), store, name, int(every)) for name in CALLS}
    found["checkpoint"] = fail_checkpoint(Path(library), run.folder, int(every))
    tried = {name: number for name, (number, _) in found.items()}
    print(json.dumps({"tried": tried, "wrong": [line for _, wrong in found.values() for line in wrong]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
