"""One run from its launch to its end, with stand-ins for the training process."""

import subprocess
import threading
from dataclasses import replace

import pytest
from run_support import end_processes, queue, stub, wait_until

from mri_core.runs import supervise as module
from mri_core.runs.liveness import process_of
from mri_core.runs.run import Progress
from mri_core.runs.slots import THREADS
from mri_core.runs.store import RunStore
from mri_core.runs.supervise import MOST_LOSSES, supervise


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr("mri_core.runs.supervise._POLL_SECONDS", 0.05)


def supervised(store, mode):
    run_id = queue(store)
    supervise(run_id, store.settings.environment(), stub(mode))
    return store.get(run_id)


def starts(store):
    file = store.settings.root / "started"
    return file.read_text().split() if file.exists() else []


ENDS = {
    "die": ("ended with signal 9 (killed)", [f"line {i}" for i in range(25, 40)]),
    "fail": ("ended with exit code 1", ["ValueError: the weights are gone"]),
    "note": ("without recording a result", []),
}


@pytest.mark.parametrize("mode", ENDS)
def test_a_training_that_does_not_has_failed_with_the_reason(store, mode):
    words, log = ENDS[mode]
    run = supervised(store, mode)
    reason, *lines = run.error.splitlines()
    assert run.status == "failed" and words in reason and lines == log


def test_a_program_that_is_missing_is_said_to_be(store):
    run_id = queue(store)
    supervise(run_id, store.settings.environment(), ["/no/such/program"])
    assert "cannot start the training process" in store.get(run_id).error


def test_stopped_and_deleted_runs_never_start(store):
    stopped, deleted = queue(store), queue(store)
    store.request_stop(stopped)
    store.delete(deleted)
    for run_id in (stopped, deleted):
        supervise(run_id, store.settings.environment(), stub("note"))
    assert starts(store) == []
    assert store.get(stopped).status == "stopped"


def test_a_run_on_another_host_is_left_to_it(store):
    run_id = queue(store)
    store.start(run_id, replace(process_of(), host="elsewhere"), 1)
    supervise(run_id, store.settings.environment(), stub("note"))
    assert store.get(run_id).status == "running" and starts(store) == []


def test_a_run_whose_process_died_unseen_goes_on(store):
    child = subprocess.Popen(["sleep", "600"])
    process = process_of(child.pid)
    child.kill()
    child.wait()
    queued, running = queue(store), queue(store)
    store.assign(queued, process)
    store.start(running, process, 1)
    for run_id in (queued, running):
        supervise(run_id, store.settings.environment(), stub("note"))
        assert store.get(run_id).status == "failed"
    assert starts(store) == [queued, running]
    assert [store.get(run_id).attempt for run_id in (queued, running)] == [2, 2]


def test_a_run_goes_on_when_its_process_is_lost_but_not_for_ever(store):
    found = supervised(store, "die")
    assert (found.attempt, len(starts(store))) == (MOST_LOSSES + 1, MOST_LOSSES + 1)
    assert "4 times in a row without a finished epoch" in found.error.splitlines()[0]
    assert supervised(store, "fail").attempt == 1  # it would fail again


@pytest.mark.parametrize("mode", ["lose", "freeze"])
def test_a_lost_process_is_followed_by_the_next_which_records_the_end(store, monkeypatch, mode):
    monkeypatch.setattr("mri_core.runs.supervise.FROZEN_SECONDS", 0.2)
    found = supervised(store, mode)
    assert (found.status, found.attempt, found.error, len(found.history)) == ("finished", 2, None, 1)
    assert starts(store) == [found.id, found.id]


@pytest.mark.parametrize("started", [True, False])
def test_a_live_process_is_followed_and_ended_when_it_does_not_stop(store, monkeypatch, started):
    monkeypatch.setattr("mri_core.runs.supervise._KILL_SECONDS", 0.2)
    run_id = queue(store)
    child = subprocess.Popen([*stub("deaf"), run_id, "1"], env=store.settings.environment())
    try:
        wait_until((store.settings.root / "deaf").exists)
        if started:
            store.start(run_id, process_of(child.pid), 1)
        else:
            store.assign(run_id, process_of(child.pid))
        store.request_stop(run_id)
        supervise(run_id, store.settings.environment(), stub("note"), grace_seconds=0.1)
        run = store.get(run_id)
        assert run.status == "stopped" and starts(store) == [run_id]
        if started:
            assert run.error.startswith("asked to stop, the training process ended with signal 9")
    finally:
        end_processes(store.settings.root)
        child.wait()


@pytest.mark.parametrize(("patience", "ending"), [(600.0, "without recording a result"), (0.1, "with signal 15")])
def test_a_stopped_run_that_saves_its_model_is_waited_for_but_not_for_ever(store, monkeypatch, patience, ending):
    looks = threading.Semaphore(0)
    monkeypatch.setattr(module, "is_frozen", lambda _: looks.release())
    monkeypatch.setattr(module, "SAVING_SECONDS", patience)
    run_id, gate = queue(store), store.settings.root / "gate"
    command = ["sh", "-c", 'while ! [ -e "$MRI_HOME/gate" ]; do sleep 0.05; done']
    follower = threading.Thread(target=supervise, args=(run_id, store.settings.environment(), command, 0.1))
    follower.start()
    wait_until(lambda: store.get(run_id).process)
    store.start(run_id, store.get(run_id).process, 1)
    store.log_progress(run_id, Progress(1, 20, 5, 5, None, 3, "saving", 0.0))
    store.request_stop(run_id)
    while looks.acquire(blocking=False):
        pass
    if patience > 1:  # seconds
        for _ in range(8):  # looks, 0.05 s apart
            assert looks.acquire(timeout=60)
        gate.touch()
    follower.join()
    gate.touch()
    assert store.get(run_id).status == "stopped" and ending in store.get(run_id).error


def test_a_training_is_told_its_number_of_threads(store, monkeypatch):
    monkeypatch.setenv("MRI_THREADS", "3")
    supervise(queue(store), store.settings.environment(), ["sh", "-c", f'echo "${THREADS[0]}" > "$MRI_HOME/told"'])
    assert (store.settings.root / "told").read_text() == "3\n"


@pytest.mark.parametrize(("takes", "cores"), [("", None), ("GPU=1", None), ("CPU=3,GPU=1", 3), ("CPU=0.5", 1)])
def test_a_run_on_a_cluster_has_the_cores_that_it_takes(store, takes, cores):
    run = replace(store.get(queue(store)), resources=takes)
    cluster = RunStore(store.settings.model_copy(update={"scheduler": "tls://127.0.0.1:1"}))
    assert (module._cores(cluster, run), module._cores(store, run)) == (cores, None)
