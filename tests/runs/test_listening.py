"""Workers listen while they have nothing to do. The listener's clock runs 10 s from look to look."""

from __future__ import annotations

import itertools
import pickle
import threading
from types import SimpleNamespace

import pytest
from run_support import queue, wait_until

from mri_core.errors import StoreError
from mri_core.runs import listening
from mri_core.runs.attempts import beat, take
from mri_core.runs.heartbeat import Listener
from mri_core.runs.listening import Listening
from mri_core.runs.liveness import process_of
from mri_core.runs.run import Claim, Process, Run
from mri_core.runs.store import RunStore

DISTANT = Claim(Process("distant", 7, 1e9), "ticket")
WORKER = SimpleNamespace(address="tls://10.0.0.2:9000")


@pytest.fixture
def store(settings) -> RunStore:
    return RunStore(settings.model_copy(update={"scheduler": "tls://127.0.0.1:1"}))


@pytest.fixture
def idle(store, monkeypatch):
    """The plugin as a worker has it, by way of a pickle."""
    monkeypatch.setattr(listening, "LISTEN_SECONDS", 0.01)
    monkeypatch.setattr(listening, "Listener", lambda: Listener(itertools.count(step=10).__next__))
    return pickle.loads(pickle.dumps(Listening(store.settings.environment(), ("train",))))


def listeners() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "listening"]


def test_a_worker_without_a_run_hands_on_what_is_lost_and_beats_go_on_meanwhile(store, idle, monkeypatch):
    """Though the database is away for once, and to hand on takes long, where the scheduler is away."""
    silent, own, over = queue(store), queue(store), threading.Event()
    take(store, silent, DISTANT, lambda _: False)
    mine = Claim(process_of(), "mine")
    take(store, own, mine, lambda _: False)
    handed, looks, list_runs = [], [], RunStore.list

    def listed(self, **asked):
        looks.append(asked)
        if len(looks) == 1:
            raise StoreError("away")
        return list_runs(self, **asked)

    def hand(environment: dict[str, str], command: tuple[str, ...], run: Run) -> None:
        handed.append((environment, command, run.id))
        over.wait(60)

    monkeypatch.setattr(RunStore, "list", listed)
    monkeypatch.setattr(listening, "hand_on", hand)
    idle = pickle.loads(pickle.dumps(idle))
    idle.setup(WORKER)
    try:
        wait_until(lambda: handed)
        assert beat(store, own, mine)
    finally:
        idle.teardown(WORKER)
        over.set()
    wait_until(lambda: not listeners())
    assert handed == [(store.settings.environment(), ("train",), silent)]


def test_there_is_one_listener_for_the_same_settings_and_its_name_tells_nothing(store):
    given = store.settings.environment() | {"MLFLOW_TRACKING_URI": "postgresql://me:secret@host/runs"}
    name = Listening(given, ()).name
    assert name == Listening(dict(reversed(given.items())), ()).name and "secret" not in name
    assert len({name, Listening(given | {"MRI_HOME": "/b"}, ()).name, Listening(given, ("train",)).name}) == 3
    assert Listening.idempotent
