"""The queue as people read it, and what takes it up again."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import asdict, replace

import psutil
import pytest
from run_support import queue, wait_until

from mri_core.runs import revival
from mri_core.runs.attempts import take
from mri_core.runs.liveness import START_SECONDS, process_of, settle
from mri_core.runs.order import left_here, move, stop_waiting, take_next
from mri_core.runs.queue import begun, place_of, queue_json, read_queue
from mri_core.runs.run import Claim, Process, Progress
from mri_core.settings import Settings

ME = process_of()


@pytest.fixture(scope="module")
def dead() -> Process:
    child = subprocess.Popen(["sleep", "600"])
    process = process_of(child.pid)
    child.kill()
    child.wait()
    return process


def fail(store, updated: float, error: str) -> str:
    run_id = queue(store)
    store.start(run_id, ME, 1)
    store.log_progress(run_id, Progress(1, 20, 5, 188, None, 3, "training", updated))
    store.finish(run_id, "failed", error=error)
    return run_id


def test_it_says_what_trains_what_waits_and_what_failed(store):
    now = time.time()
    failed = [fail(store, now + after, "why") for after in (2, 1, 3)]
    made = [queue(store) for _ in range(4)]
    move(store, made[3], "first")
    starting, running = take_next(store, "one"), take_next(store, "two")
    store.start(running.id, ME, 1)
    found = read_queue(store, failed=2)
    assert [run.id for run in found.running] == [running.id, starting.id] == [made[0], made[3]]
    assert [run.id for run in found.waiting] == made[1:3]
    assert [run.id for run in found.failed] == [failed[2], failed[0]]  # by when they failed
    assert found.slots == 1
    assert [place_of(run) for run in found.running] == [ME, ME] and place_of(found.waiting[0]) is None
    assert begun(found.running[0]).timestamp() == pytest.approx(ME.started)
    assert begun(found.running[1]) is None
    document = json.loads(json.dumps(queue_json(found)))
    assert [run["status"] for part in ("running", "waiting", "failed") for run in document[part]] == [
        "running", "queued", "queued", "queued", "failed", "failed",
    ]  # fmt: skip


def test_an_engine_that_is_up_says_how_many_it_trains_and_a_distant_one_does_not(store):
    store.settings.engine.mkdir()
    (store.settings.engine / "engine.json").write_text(json.dumps({"process": asdict(ME), "slots": 3}))
    assert read_queue(store).slots == 3
    distant = replace(store, settings=Settings(home=store.settings.home, scheduler="tls://cluster:8786"))
    assert read_queue(distant).slots is None


def test_all_that_wait_are_stopped_and_what_trains_is_not(store):
    made = [queue(store) for _ in range(4)]
    assert take_next(store, "ticket").id == made[0]
    assert [run.id for run in stop_waiting(store)] == made[1:]
    assert [store.get(run_id).status for run_id in made] == ["queued", "stopped", "stopped", "stopped"]
    assert stop_waiting(store) == []


def test_what_begins_while_others_are_stopped_goes_on(store, monkeypatch):
    made = [queue(store) for _ in range(2)]
    seen = store.list(statuses=("queued",))
    monkeypatch.setattr("mri_core.runs.order.waiting", lambda _: list(seen))
    assert take_next(store, "ticket").id == made[0]
    assert [run.id for run in stop_waiting(store)] == made[1:]


ENGINE = {"ppid": os.getpid(), "name": "true"}
"""What stands in for an engine, for as long as it is in this process's care."""


@pytest.fixture
def started(monkeypatch) -> list[Settings]:
    """The homes whose engine would have been started."""
    homes: list[Settings] = []

    def start(settings: Settings, command: tuple[str, ...]) -> psutil.Popen:
        homes.append(settings)
        return psutil.Popen(["true"])

    monkeypatch.setattr(revival, "start_daemon", start)
    return homes


def test_what_a_lost_engine_left_has_it_started_again_once_in_a_while(store, dead, started, monkeypatch):
    held = queue(store)
    take(store, held, Claim(dead, held), lambda _: False)
    assert revival.revive(store.settings) and started == [store.settings]
    wait_until(lambda: not [each for each in psutil.process_iter(["ppid", "name"]) if each.info == ENGINE])
    assert not revival.revive(store.settings)
    looked = store.settings.engine / revival.LOOKED_FILE
    os.utime(looked, (time.time() - revival.REVIVE_SECONDS - 1,) * 2)
    assert revival.revive(store.settings) and len(started) == 2


def test_a_run_that_waits_without_an_engine_has_it_started_but_not_while_it_is_handed_over(store, started, monkeypatch):
    queue(store)
    assert not revival.revive(store.settings)
    monkeypatch.setattr(revival, "REVIVE_SECONDS", 0)
    monkeypatch.setattr(revival, "HANDING_SECONDS", 0)
    assert revival.revive(store.settings)


def test_nothing_is_started_for_what_somebody_looks_after(store, dead, started, monkeypatch):
    monkeypatch.setattr(revival, "REVIVE_SECONDS", 0)
    monkeypatch.setattr(revival, "HANDING_SECONDS", 0)
    alone, held, distant = (queue(store) for _ in range(3))
    store.start(alone, ME, 1)  # by hand, without an engine
    take(store, held, Claim(ME, held), lambda _: False)
    take(store, distant, Claim(replace(dead, host="elsewhere"), distant), lambda _: False)
    assert not revival.revive(store.settings)
    lost = queue(store)
    (store.settings.engine / "engine.json").write_text(json.dumps({"process": asdict(ME)}))
    assert not revival.revive(store.settings)  # an engine is alive
    assert not revival.revive(Settings(home=store.settings.home, scheduler="tls://cluster:8786"))
    (store.settings.engine / "engine.json").unlink()
    assert revival.revive(store.settings)
    assert [run.id for run in left_here(store, ("queued", "running"))] == [alone, lost]


def test_a_lost_run_is_left_to_the_engine_that_comes_and_has_failed_when_none_does(store, dead):
    run_id = queue(store)
    store.start(run_id, dead, 1)
    store.settings.engine.mkdir()
    (store.settings.engine / "starting").touch()
    assert settle(store, store.get(run_id)).status == "running"
    os.utime(store.settings.engine / "starting", (time.time() - START_SECONDS - 1,) * 2)
    assert settle(store, store.get(run_id)).status == "failed"


def test_one_that_a_lost_engine_looked_after_is_left_to_the_next(store, dead, started):
    run_id = queue(store)
    take(store, run_id, Claim(dead, run_id), lambda _: False)
    store.start(run_id, dead, 1)
    assert settle(store, store.get(run_id)).status == "running"
    assert revival.revive(store.settings) and started == [store.settings]
