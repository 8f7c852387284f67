"""Runs that are queued again, and processes that were left behind."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import count

import pytest
from run_support import queue

from mri_core.errors import InvalidInput, Superseded
from mri_core.runs.attempts import requeue, resume, take
from mri_core.runs.champions import Grounds, promote
from mri_core.runs.liveness import process_of
from mri_core.runs.order import take_next
from mri_core.runs.run import Claim, Process, Progress, Timing
from mri_core.runs.store import RunStore

ROW = {"epoch": 1, "loss": 0.5, "val_loss": 0.6}
PROGRESS = Progress(2, 20, 5, 188, 61.5, 3, "training", 1700000000.0)


def begun(store) -> str:
    run_id = queue(store)
    store.start(run_id, process_of(), 33923)
    store.log_epoch(run_id, ROW)
    return run_id


@pytest.mark.parametrize("status", ["stopped", "failed"])
def test_what_ended_before_its_time_is_queued_again_with_its_curves(store, status):
    run_id = begun(store)
    if status == "stopped":
        store.request_stop(run_id)
    store.finish(run_id, status, timing=Timing(1.0, 2.0, 3.0), error="why", best_epoch=1)
    run = resume(store, run_id)
    assert (run.id, run.status, run.attempt, run.ended) == (run_id, "queued", 2, False)
    assert (run.process, run.error, run.timing, run.stop_requested) == (None, None, None, False)
    assert [row["epoch"] for row in run.history] == [1] and run.best_epoch == 1
    store.start(run_id, process_of(), 33923)
    store.finish(run_id, "finished")
    assert store.get(run_id).status == "finished"


@pytest.mark.parametrize("status", ["queued", "running", "finished"])
def test_nothing_else_is_resumed(store, status):
    run_id = queue(store) if status == "queued" else begun(store)
    if status == "finished":
        store.finish(run_id, "finished")
    with pytest.raises(InvalidInput, match=f"is {status}, expected a stopped or failed one to resume"):
        resume(store, run_id)
    assert store.get(run_id).attempt == 1


def test_a_champion_s_model_stays_as_it_is(store):
    run_id = begun(store)
    store.finish(run_id, "stopped", best_epoch=1)
    promote(store.settings, store.get(run_id), Grounds("first", "It is the first.", {}))
    with pytest.raises(InvalidInput, match="is the champion of 'demo'"):
        resume(store, run_id)


def test_losses_are_counted_until_an_epoch_is_finished(store):
    run_id = begun(store)
    for losses in (1, 2):
        run = requeue(store, run_id)
        assert (run.status, run.losses, run.attempt) == ("queued", losses, losses + 1)
        store.start(run_id, process_of(), 33923)
    store.log_epoch(run_id, ROW | {"epoch": 2})
    assert store.get(run_id).losses == 0 and requeue(store, run_id).attempt == 4
    store.finish(run_id, "failed")
    with pytest.raises(InvalidInput, match="is failed, expected one that lost its process"):
        requeue(store, run_id)


WRITES = {
    "start": lambda store, run_id: store.start(run_id, process_of(), 1),
    "progress": lambda store, run_id: store.log_progress(run_id, PROGRESS),
    "epoch": lambda store, run_id: store.log_epoch(run_id, ROW | {"epoch": 2}),
    "finish": lambda store, run_id: store.finish(run_id, "finished"),
    "assign": lambda store, run_id: store.assign(run_id, process_of()),
    "check": lambda store, run_id: store.check_attempt(run_id),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_process_that_was_left_behind_writes_nothing_more(store, write):
    run_id = begun(store)
    left_behind = RunStore(store.settings, attempt=1)
    left_behind.log_progress(run_id, PROGRESS)
    requeue(store, run_id)
    if write != "start":
        RunStore(store.settings, attempt=2).start(run_id, process_of(), 33923)
    before = store.get(run_id)
    with pytest.raises(Superseded, match="is at attempt 2, this process belongs to 1"):
        WRITES[write](left_behind, run_id)
    assert store.get(run_id) == before


class Killed(BaseException):
    """What nobody catches."""


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("call", [requeue, resume])
def test_a_run_is_not_lost_when_it_is_killed_on_its_way_into_the_queue(store, monkeypatch, call, at):
    from mlflow.tracking import MlflowClient

    run_id = queue(store)
    dead = Process(process_of().host, 1, 1.0)
    take(store, run_id, Claim(dead, run_id), lambda _: False)
    store.start(run_id, dead, 33923)
    if call is resume:
        store.finish(run_id, "stopped")
    numbers = count(1)

    def dying(write):
        def called(*given, **named):
            if next(numbers) == at:
                raise Killed
            return write(*given, **named)

        return called

    with monkeypatch.context() as patched:
        for name in ("log_batch", "delete_tag", "update_run"):
            patched.setattr(MlflowClient, name, dying(getattr(MlflowClient, name)))
        with pytest.raises(Killed) if at < 5 else nullcontext():
            call(store, run_id)
    run = store.get(run_id)
    assert [each.id for each in store.list(statuses=(run.status,))] == [run_id]
    if run.ended:
        run = resume(store, run_id)
    assert take_next(store, run_id).id == run_id
    if run.status == "queued":
        own = RunStore(store.settings, run.attempt)
        own.assign(run_id, process_of())
        own.start(run_id, process_of(), 33923)
    assert store.get(run_id).status == "running"
