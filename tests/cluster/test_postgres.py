"""The record of runs in PostgreSQL: moved there, and found again. What is done with it: test_elsewhere.py."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mri_core.errors import InvalidInput, StoreError
from mri_core.runs.attempts import resume
from mri_core.runs.champions import Grounds, promote
from mri_core.runs.migrate import migrate
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


def test_a_restarted_server_is_found_again(store, server: Postgres):
    run_id = created(store)
    server.kill()
    with pytest.raises(StoreError, match="could not be used") as refused:
        store.get(run_id)
    assert store.settings.tracking_uri.split(":")[2].split("@")[0] not in str(refused.value)
    server.start()
    assert store.get(run_id).id == run_id
