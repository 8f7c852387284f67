"""Who is next, and who looks after whom."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest
from run_support import queue

from mri_core.errors import InvalidInput, NotFound, RunHeld
from mri_core.locking import locked
from mri_core.runs import changes
from mri_core.runs.attempts import take
from mri_core.runs.liveness import process_of, settle
from mri_core.runs.order import is_held, left_here, move, stop_waiting, take_next, waiting
from mri_core.runs.run import Claim
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

MOVES = {
    ("first", 2): [2, 0, 1, 3],
    ("first", 0): [0, 1, 2, 3],
    ("earlier", 2): [0, 2, 1, 3],
    ("earlier", 0): [0, 1, 2, 3],
    ("later", 1): [0, 2, 1, 3],
    ("later", 3): [0, 1, 2, 3],
    ("last", 0): [1, 2, 3, 0],
    ("last", 3): [0, 1, 2, 3],
}


def ids(store) -> list[str]:
    return [run.id for run in waiting(store)]


@pytest.mark.parametrize(("place", "which"), MOVES)
def test_a_waiting_run_is_moved(store, place, which):
    made = [queue(store) for _ in range(4)]
    assert ids(store) == made
    move(store, made[which], place)
    assert ids(store) == [made[number] for number in MOVES[place, which]]
    move(store, made[which], "first")
    assert ids(store)[0] == made[which]


def test_tickets_take_runs_in_their_order_each_once(store):
    made = [queue(store) for _ in range(3)]
    move(store, made[2], "first")
    taken = [take_next(store, ticket) for ticket in made]
    assert [run.id for run in taken] == [made[2], made[0], made[1]]
    assert ids(store) == [] and take_next(store, "another") is None
    with pytest.raises(InvalidInput, match="does not wait in the queue any more"):
        move(store, made[0], "last")


def test_stopped_runs_are_passed_over(store):
    stopped, other = queue(store), queue(store)
    store.request_stop(stopped)
    assert take_next(store, stopped).id == other


def test_what_a_dead_supervisor_held_can_be_taken_and_what_a_distant_one_holds_cannot(store):
    child = subprocess.Popen(["sleep", "600"])
    dead = process_of(child.pid)
    child.kill()
    child.wait()
    orphan, distant = queue(store), queue(store)
    take(store, orphan, Claim(dead, orphan), lambda _: False)
    take(store, distant, Claim(replace(dead, host="elsewhere"), distant), lambda _: False)
    assert not is_held(store.get(orphan)) and is_held(store.get(distant))
    assert take_next(store, "new").id == orphan
    assert take_next(store, "newer") is None


def test_a_ticket_follows_its_own_run_only_when_its_supervisor_was_lost(store):
    run_id = queue(store)
    assert take_next(store, run_id).id == run_id
    store.start(run_id, process_of(), 1)
    assert take_next(store, run_id).status == "running"  # the same ticket, handed out again after a crash
    held = queue(store)
    take_next(store, "another")
    store.start(held, process_of(), 1)
    assert take_next(store, held) is None


def test_on_a_cluster_a_ticket_is_for_runs_that_take_what_it_does(settings):
    cluster = settings.model_copy(update={"scheduler": "tls://127.0.0.1:1"})
    large, small, larger = (RunStore(cluster.taking(text)) for text in ("GPU=1", "", "GPU=2"))
    first, second, third = queue(large), queue(small), queue(large)
    assert [large.get(run_id).resources for run_id in (first, second, third)] == ["GPU=1", "", "GPU=1"]
    assert take_next(larger, "ticket") is None
    assert [take_next(small, second).id, take_next(large, third).id, take_next(large, first).id] == [
        second, first, third,
    ]  # fmt: skip
    fourth = queue(larger)
    assert take_next(RunStore(settings), fourth).id == fourth  # the local engine has one kind of slot


def test_a_run_that_is_deleted_as_it_is_taken_costs_nobody_the_turn(store, monkeypatch):
    deleted, other = queue(store), queue(store)
    list_runs = RunStore.list

    def listed(self, **asked):
        found = list_runs(self, **asked)
        if any(run.id == deleted for run in found):
            store.delete(deleted)
        return found

    monkeypatch.setattr(RunStore, "list", listed)
    assert take_next(store, deleted).id == other


def test_a_run_whose_lock_is_held_keeps_nobody_from_the_next(store, monkeypatch):
    monkeypatch.setattr(changes, "LOCK_SECONDS", 0.01)
    frozen, other = queue(store), queue(store)
    with locked(store.get(frozen).folder / ".lock"):
        assert take_next(store, "one").id == other
        with pytest.raises(RunHeld, match="has been held by another process"):  # which is waited for
            take_next(store, "two")
    assert take_next(store, "two").id == frozen


def test_runs_of_another_home_on_the_same_database_are_left_to_it(store, tmp_path):
    other = RunStore(Settings(home=tmp_path / "other", tracking_uri=store.settings.tracking_uri))
    queue(store)
    run_id, lost = queue(store), queue(store)
    store.start(lost, replace(process_of(), started=1.0), 1)
    with pytest.raises(NotFound, match="its files are in another home"):
        move(other, run_id, "first")
    own = queue(other)
    assert [run.id for run in left_here(other, ("queued", "running"))] == [own]
    assert settle(other, other.get(lost)).status == "running"
    assert [run.id for run in stop_waiting(other)] == [own]
    assert take_next(other, "ticket") is None and take_next(other, lost) is None
    assert len(waiting(store)) == 2
