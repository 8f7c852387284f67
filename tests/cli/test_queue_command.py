"""`mri queue`."""

from __future__ import annotations

import json
import shutil

import pytest

from mri_core.runs.liveness import process_of
from mri_core.runs.order import take_next, waiting
from mri_core.runs.run import Progress
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.spec import TrainingSpec


@pytest.fixture
def store(trained, tmp_path, monkeypatch) -> RunStore:
    """Of a copy of the trained home, which the environment names."""
    folder = tmp_path / "lab"
    shutil.copytree(trained.settings.root, folder)
    monkeypatch.setenv("MRI_HOME", str(folder))
    return RunStore(Settings())


@pytest.fixture
def made(store) -> list[str]:
    """Ids of four queued runs."""
    return [store.create(TrainingSpec(), "demo", "f00d", ("a", "b")).id for _ in range(4)]


def test_it_lists_moves_and_stops(store, made, typed) -> None:
    running = take_next(store, "one")
    store.start(running.id, process_of(), 1)
    store.log_progress(running.id, Progress(3, 20, 30, 120, 192.0, 3, "training", 1.0))
    status, out, _ = typed("queue", made[3], "--place", "first", "--json")
    found = json.loads(out)
    assert status == 0 and found["slots"] == 1 and found["failed"] == []
    assert [run["id"] for run in found["running"]] == made[:1]
    assert [run["id"] for run in found["waiting"]] == [made[3], made[1], made[2]]
    store.request_stop(made[2])
    store.finish(running.id, "failed", error="it broke\nits log")
    taken = take_next(store, "two")
    status, out, _ = typed("queue")
    assert status == 0 and "Training, 1 of 1 at once" in out and "starting" in out
    assert "it broke" in out and "its log" not in out
    assert taken.id[:8] in out and made[1][:8] in out
    status, out, told = typed("queue", "--stop-waiting")
    assert (status, waiting(store)) == (0, []) and "Runs taken out of the queue: 1." in told
    assert store.get(taken.id).status == "queued"


def test_what_a_run_takes_of_a_cluster_is_kept_and_shown(store, typed, monkeypatch) -> None:
    monkeypatch.setattr("mri_core.training.start.submit", lambda run_id, settings: None)
    queued = ("train", "--dataset", "demo", "--preset", "linear", "--detach", "--json")
    assert typed(*queued, "--resources", "GPU=some")[2].startswith("error: resources (MRI_RESOURCES) are 'GPU=some'")
    status, out, _ = typed(*queued, "--resources", "MEMORY=8e9, GPU=1")
    assert status == 0 and json.loads(out)["resources"] == {"GPU": 1.0, "MEMORY": 8e9}
    monkeypatch.setenv("MRI_RESOURCES", "GPU=2")
    assert json.loads(typed(*queued)[1])["resources"] == {"GPU": 2.0}
    assert json.loads(typed(*queued, "--resources", "")[1])["resources"] == {}
    stopped = json.loads(typed(*queued)[1])["id"]
    typed("stop", stopped)
    resumed = json.loads(typed("resume", stopped, "--detach", "--json", "--resources", "CPU=2")[1])
    assert (resumed["status"], resumed["resources"]) == ("queued", {"CPU": 2.0})
    assert typed("resume", resumed["id"], "--resources", "one")[0] == 1
    shown = typed("queue")[1]
    assert all(told in shown for told in ("GPU=1,MEMORY=8e9", "GPU=2"))


def test_what_cannot_be_moved_is_said(store, made, typed) -> None:
    store.request_stop(made[0])
    assert typed("queue", made[0])[0] == typed("queue", "--place", "first")[0] == 2
    assert typed("queue", made[0], "--place", "middle")[0] == 2
    status, _, told = typed("queue", made[0], "--place", "last")
    assert status == 1 and "does not wait in the queue any more" in told


def test_an_empty_queue_says_what_to_do(trained, typed) -> None:
    assert typed("queue") == (0, "", "The queue is empty. `mri train --dataset NAME` starts a run.\n")
    assert json.loads(typed("queue", "--json")[1]) == {"slots": 1, "running": [], "waiting": [], "failed": []}
