"""The record of runs in PostgreSQL: moved there, and worked with there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mri_core.errors import InvalidInput, NotFound, StoreError, Superseded
from mri_core.runs.attempts import beat, requeue, resume, take
from mri_core.runs.champions import Grounds, champions, demote, promote
from mri_core.runs.liveness import process_of
from mri_core.runs.migrate import migrate
from mri_core.runs.order import move, take_next, waiting
from mri_core.runs.run import Claim, Process, Progress, Timing
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.spec import TrainingSpec
from tests.cluster.postgres import Postgres
from tests.runs.moving_support import LABELS, live, told


@pytest.fixture
def store(tmp_path: Path, uri: str) -> RunStore:
    return RunStore(Settings(home=tmp_path / "home", tracking_uri=uri))


def created(store: RunStore) -> str:
    return store.create(TrainingSpec(), "demo", "f00d", LABELS).id


def test_a_home_is_moved_with_all_that_is_told_of_it(tmp_path, uri):
    embedded = Settings(home=tmp_path / "home", tracking_uri="")
    ids = live(RunStore(embedded))
    there = embedded.model_copy(update={"tracking_uri_setting": uri})
    done = migrate(embedded.tracking_uri, uri, embedded, lambda done, total: None)
    assert told(there) == told(embedded)
    assert (done.runs, done.promotions) == (len(ids), 2)
    assert migrate(embedded.tracking_uri, uri, embedded, lambda done, total: None).copied == 0
    assert ":***@" in done.target and uri.split(":")[2].split("@")[0] not in str(done)

    back = f"sqlite:///{tmp_path / 'back.db'}"
    shutil.copy(tmp_path / "home" / "mlflow.db", tmp_path / "back.db")
    returned = migrate(uri, back, embedded, lambda done, total: None)
    assert returned.copied == 0 and returned.tables["metrics"].checksum == done.tables["metrics"].checksum

    # It is worked with there: the next name, the next version, and ids that nothing else has.
    store = RunStore(there)
    following = store.create(store.list()[0].spec, "demo", "f00d", LABELS)
    assert following.name == "cnn 4"
    assert promote(there, store.get(ids[0]), Grounds("first", "Again.", {})).version == 3
    resumed = resume(store, ids[2])
    assert (resumed.status, resumed.attempt) == ("queued", 2)
    with pytest.raises(InvalidInput, match="other data under the same ids"):
        migrate(embedded.tracking_uri, uri, embedded, lambda done, total: None)


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


def test_a_restarted_server_is_found_again(store, server: Postgres):
    run_id = created(store)
    server.kill()
    with pytest.raises(StoreError, match="could not be used") as refused:
        store.get(run_id)
    assert store.settings.tracking_uri.split(":")[2].split("@")[0] not in str(refused.value)
    server.start()
    assert store.get(run_id).id == run_id
