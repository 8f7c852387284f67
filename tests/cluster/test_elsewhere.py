"""The record of runs elsewhere, in PostgreSQL or behind MLflow's own server: what is done with it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mri_core.errors import NotFound, StoreError, Superseded
from mri_core.runs.attempts import beat, requeue, take
from mri_core.runs.champions import Grounds, champions, demote, promote
from mri_core.runs.liveness import process_of
from mri_core.runs.order import move, take_next, waiting
from mri_core.runs.run import Claim, Process, Progress, Timing
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.spec import TrainingSpec
from tests.runs.moving_support import LABELS


@contextmanager
def mlflow_server(file: Path) -> Iterator[str]:
    command = [sys.executable, Path(__file__).with_name("mlflow_server.py"), file]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:")
            yield address
        finally:
            server.kill()


@pytest.fixture(params=["PostgreSQL", "MLflow's server"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunStore]:
    if request.param == "PostgreSQL":
        yield RunStore(Settings(home=tmp_path / "home", tracking_uri=request.getfixturevalue("uri")))
        return
    shutil.copy(request.getfixturevalue("empty_database"), tmp_path / "server.db")
    with mlflow_server(tmp_path / "server.db") as uri:
        yield RunStore(Settings(home=tmp_path / "home", tracking_uri=uri))


class Overloaded(BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_error(503)


def test_a_server_that_does_not_serve_is_asked_once_more_and_then_said_to_be_away(tmp_path, empty_database):
    """MLflow would ask it for minutes, in which whoever lives would be taken for lost."""
    shutil.copy(empty_database, tmp_path / "server.db")
    with mlflow_server(tmp_path / "server.db") as uri:
        store = RunStore(Settings(home=tmp_path / "home", tracking_uri=uri))
        run_id = created(store)
    with HTTPServer(("127.0.0.1", int(uri.rpartition(":")[2])), Overloaded) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(StoreError, match="could not be used"):
            store.get(run_id)
        server.shutdown()
    assert Overloaded.asked == 2


def created(store: RunStore) -> str:
    return store.create(TrainingSpec(), "demo", "f00d", LABELS).id


def test_a_run_goes_its_way(store):
    run_id = created(store)
    claim = Claim(process_of(), "ticket")
    assert take_next(store, "ticket").claim == claim and beat(store, run_id, claim)
    store.start(run_id, process_of(), 33923, "CPU", {"numpy": "2"})
    store.log_progress(run_id, Progress(1, 3, 5, 9, None, None, "training", 1e9))
    store.log_epoch(run_id, {"epoch": 1, "loss": 1 / 3, "val_loss": float("nan"), "f1": {LABELS[2]: 0.1}})
    first = RunStore(store.settings, attempt=1)
    assert requeue(store, run_id).attempt == 2
    with pytest.raises(Superseded):
        first.log_epoch(run_id, {"epoch": 2, "loss": 0.2})
    store.start(run_id, process_of(), 33923)
    store.log_epoch(run_id, {"epoch": 2, "loss": 1e-300})
    store.finish(run_id, "finished", Timing(1.0, 2.0, 3.0), best_epoch=2)
    run = store.find(run_id[:6])
    assert [row["loss"] for row in run.history] == [1 / 3, 1e-300] and run.history[0]["val_loss"] is None
    assert run.history[0]["f1"] == {LABELS[2]: 0.1} and run.best_epoch == 2

    promote(store.settings, run, Grounds("first", "There was none.", {"micro_f1": 0.5}))
    assert champions(store.settings)["demo"].run_id == run_id
    demote(store.settings, run)
    assert store.champion("demo") is None
    store.delete(run_id)
    with pytest.raises(NotFound):
        store.get(run_id)


def test_the_queue_keeps_its_order(store):
    made = [created(store) for _ in range(3)]
    move(store, made[2], "first")
    assert [run.id for run in waiting(store)] == [made[2], *made[:2]]
    distant = Claim(Process("distant", 7, 1e9), "ticket")
    assert take(store, made[2], distant, lambda _: False)
    assert take_next(store, "other").id == made[0]
    store.request_stop(made[1])
    assert take_next(store, "a third") is None
