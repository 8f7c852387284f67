"""Who is taken for lost on another host, and who is not. The listener's clock is set by the test."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace

import pytest
from run_support import queue, stub, wait_until

from mri_core.errors import EngineError, NotFound, StoreError
from mri_core.locking import locked
from mri_core.runs import changes, heartbeat
from mri_core.runs.attempts import beat, requeue, take, take_over
from mri_core.runs.engine import submit
from mri_core.runs.heartbeat import (
    DEAF_SECONDS,
    SILENT_SECONDS,
    Listener,
    await_verdict,
    beating,
    listen,
    repeat,
)
from mri_core.runs.liveness import find_process, process_of
from mri_core.runs.order import take_next
from mri_core.runs.revival import revive
from mri_core.runs.run import Claim, Process, Run
from mri_core.runs.store import RunStore
from mri_core.runs.supervise import hand_on, supervise
from mri_core.settings import Settings

DISTANT = Claim(Process("distant", 7, 1e9), "ticket")


@pytest.fixture
def store(settings: Settings) -> RunStore:
    return RunStore(settings.model_copy(update={"scheduler": "tls://127.0.0.1:1"}))


class Looking:
    """Looks now and then, and queues what is lost."""

    def __init__(self, store: RunStore) -> None:
        self.store, self.now = store, 1000.0
        self.listener = Listener(lambda: self.now)

    def __call__(self, after: float = 0.0) -> list[str]:
        self.now += after
        return [run.id for run in listen(self.store, self._requeue, self.listener)]

    def _requeue(self, run: Run) -> None:
        assert self.store.get(run.id).claim.process == process_of()
        requeue(self.store, run.id)


def held(store: RunStore, claim: Claim = DISTANT, running: bool = True) -> str:
    run_id = queue(store)
    assert take(store, run_id, claim, lambda _: False)
    if running:
        store.start(run_id, claim.process, 10)
    return run_id


@pytest.mark.parametrize("running", [True, False])
def test_who_is_silent_is_lost_and_the_run_goes_on_with_its_next_attempt(store, running):
    run_id, look = held(store, running=running), Looking(store)
    assert [look(), look(10), look(10)] == [[], [], []]
    assert look(SILENT_SECONDS - 20) == [run_id]
    run = store.get(run_id)
    assert (run.status, run.attempt, run.losses, run.claim, run.process, run.beat) == ("queued", 2, 1, None, None, 0)
    assert look(10) == look(10) == look(10) == []
    assert not beat(store, run_id, DISTANT)  # when it wakes up


def test_a_run_that_is_frozen_in_its_holders_hand_keeps_nobody_from_the_others(store, monkeypatch):
    monkeypatch.setattr(changes, "LOCK_SECONDS", 0.01)
    frozen, lost = held(store), held(store, Claim(Process("elsewhere", 8, 1e9), "another"))
    look = Looking(store)
    with locked(store.get(frozen).folder / ".lock"):
        with pytest.raises(StoreError, match="has been held by another process"):
            store.request_stop(frozen)
        assert [look(), look(10), look(10), look(10)] == [[], [], [], [lost]]
        assert look(10) == []
    assert look(10) == [frozen]  # let go: its holder has been silent all the while


def test_who_beats_is_not_lost_and_beats_only_what_is_its_own(store):
    run_id, look = held(store), Looking(store)
    for _ in range(8):
        assert look(10) == []
        assert beat(store, run_id, DISTANT)
    assert not beat(store, run_id, replace(DISTANT, ticket="another"))
    assert store.get(run_id).beat == 8
    store.finish(run_id, "finished")
    assert not beat(store, run_id, DISTANT)


def test_who_beats_at_the_last_instant_is_not_lost(store):
    run_id, look = held(store), Looking(store)

    class Late(Listener):
        def silent(self, runs):
            found = super().silent(runs)
            if found:
                beat(store, run_id, DISTANT)
            return found

    look.listener = Late(lambda: look.now)
    assert [look(), look(10), look(10), look(10)] == [[], [], [], []]
    assert store.get(run_id).claim == DISTANT


def test_a_listener_who_was_away_begins_anew(store):
    run_id, look = held(store), Looking(store)
    assert [look(), look(10), look(DEAF_SECONDS + 1)] == [[], [], []]  # asleep
    assert [look(10), look(10), look(5)] == [[], [], [run_id]]


def test_own_runs_and_those_of_other_homes_are_left_alone(store):
    own, other, look = held(store, Claim(process_of(), "ticket")), held(store), Looking(store)
    (store.settings.runs / other / ".lock").unlink()
    (store.settings.runs / other).rmdir()
    assert [look(), look(10), look(10), look(10)] == [[], [], [], []]
    assert store.get(own).attempt == store.get(other).attempt == 1


def test_without_a_scheduler_elsewhere_nobody_listens(store, settings):
    held(store)
    look = Looking(RunStore(settings))
    assert [look(), look(10), look(10), look(10)] == [[], [], [], []]


def test_a_holder_beats_until_its_block_ends_also_when_the_database_is_away_for_once(store, monkeypatch):
    run_id = held(store, Claim(process_of(), "ticket"))
    away = threading.Event()
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)

    def beats(*given) -> bool:
        if not away.is_set():
            away.set()
            raise StoreError("away")
        return beat(*given)

    monkeypatch.setattr(heartbeat, "beat", beats)
    with beating(store, store.get(run_id)):
        wait_until(lambda: store.get(run_id).beat > 1)
    assert away.is_set()
    at = store.get(run_id).beat
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("beat")]
    assert store.get(run_id).beat == at


def test_a_ticket_that_comes_again_waits_for_a_beat_or_the_loss(store, monkeypatch):
    """One run of its beats, the other is silent; runs of other tickets are not waited for."""
    beats, silent, _ = held(store), held(store), held(store, replace(DISTANT, ticket="other"))
    now = [0.0]
    monkeypatch.setattr(heartbeat, "Listener", lambda: Listener(lambda: now[0]))

    def pass_by(seconds: float) -> None:
        now[0] += 5.0
        if now[0] == 10.0:
            beat(store, beats, DISTANT)

    monkeypatch.setattr(heartbeat.time, "sleep", pass_by)
    await_verdict(store, "ticket", lambda run: requeue(store, run.id))
    assert (store.get(beats).attempt, store.get(silent).attempt) == (1, 2)
    assert SILENT_SECONDS <= now[0] <= SILENT_SECONDS + 10


def test_listeners_who_find_the_same_lost_at_once_hand_each_on_once(store):
    """One of them is slow: the other has queued all of them again before it comes to the second."""
    ids = [held(store) for _ in range(3)]
    slow, quick = Looking(store), Looking(store)
    for look in (slow, quick):
        look(), look(10), look(10)
    requeued = slow._requeue

    def slowly(run: Run) -> None:
        requeued(run)
        if run.id != ids[0]:
            quick(10)

    slow._requeue = slowly
    slow(10), quick(10)
    assert [store.get(run_id).attempt for run_id in ids] == [2, 2, 2]
    assert [store.get(run_id).losses for run_id in ids] == [1, 1, 1]


def test_another_listener_of_this_process_takes_nothing_twice(store):
    seen = store.get(held(store))
    claim = Claim(process_of(), "of a lost one")
    assert take_over(store, seen, claim) and not take_over(store, seen, claim)


@pytest.mark.parametrize("error", [StoreError("away"), NotFound("deleted"), OSError(116, "Stale file handle")])
def test_what_is_done_again_and_again_goes_on_after_an_error(error):
    over, tried = threading.Event(), []

    def action() -> None:
        tried.append(error)
        if len(tried) == 3:
            over.set()
        raise error

    repeat(0.001, action, over)
    assert len(tried) == 3


def test_a_disk_that_does_not_tell_whose_a_run_is_costs_no_run(store, monkeypatch):
    look, run_id = Looking(store), held(store)
    monkeypatch.setattr("pathlib.Path.is_dir", lambda _: (_ for _ in ()).throw(OSError(116, "Stale file handle")))
    for asked in (look, lambda: take(store, run_id, DISTANT, lambda _: True), lambda: take_next(store, run_id)):
        with pytest.raises(StoreError, match=r"cannot look at .*: Stale file handle"):
            asked()


def test_a_supervisor_whose_run_has_gone_on_elsewhere_ends_its_process_and_writes_nothing(settings, monkeypatch):
    """As when it was frozen, or cut off, for longer than it takes to be missed."""
    monkeypatch.setattr("mri_core.runs.supervise._POLL_SECONDS", 0.05)
    store = RunStore(settings)
    run_id = queue(store)
    follower = threading.Thread(target=supervise, args=(run_id, settings.environment(), stub("gate")))
    follower.start()
    wait_until(lambda: store.get(run_id).process)
    process = find_process(store.get(run_id).process)
    requeue(store, run_id)
    assert take(store, run_id, DISTANT, lambda _: True)
    follower.join(60)
    assert not follower.is_alive() and not process.is_running()
    run = store.get(run_id)
    assert (run.status, run.attempt, run.claim, run.process, run.error) == ("queued", 2, DISTANT, None, None)


def test_what_is_lost_elsewhere_is_queued_again_with_a_ticket(store, monkeypatch):
    run_id, handed = held(store), []
    environment = store.settings.environment()
    monkeypatch.setattr("mri_core.runs.engine.submit", lambda *given: handed.append(given))
    hand_on(environment, ("train",), store.get(run_id))
    assert store.get(run_id).attempt == 2 and [handed[0][0], *handed[0][2:]] == [run_id, ("train",)]
    assert handed[0][1].environment() == environment
    store.start(run_id, process_of(), 10)
    store.request_stop(run_id)
    hand_on(environment, (), store.get(run_id))
    assert store.get(run_id).status == "stopped" and len(handed) == 1


def test_whoever_looks_hands_in_all_that_a_restarted_scheduler_has_forgotten(store, monkeypatch):
    ids = {queue(store), held(store)}
    handed = []
    monkeypatch.setattr("mri_core.runs.revival.HANDING_SECONDS", -1.0)
    monkeypatch.setattr("mri_core.runs.revival.client_of", lambda settings: nullcontext())
    monkeypatch.setattr("mri_core.runs.revival.enqueue", lambda client, runs, *_: handed.extend(run.id for run in runs))
    assert revive(store.settings) and set(handed) == ids
    assert not revive(store.settings)  # once in a while


def test_a_scheduler_that_is_away_or_takes_a_certificate_disturbs_nobody_who_looks(store, monkeypatch):
    run_id = queue(store)
    monkeypatch.setattr("mri_core.runs.revival.HANDING_SECONDS", -1.0)
    monkeypatch.setattr("mri_core.runs.engine._CONNECT_SECONDS", 0.2)
    monkeypatch.setattr("mri_core.runs.revival.REVIVE_SECONDS", -1.0)
    assert not revive(store.settings)
    with pytest.raises(EngineError, match=r"takes only who has the cluster's certificate.*TLS__CA_FILE"):
        submit(run_id, store.settings)
    away = RunStore(store.settings.model_copy(update={"scheduler": "tcp://127.0.0.1:1"}))
    assert not revive(away.settings)
    with pytest.raises(EngineError, match="does not answer"):
        submit(run_id, away.settings)
