"""Moving to another database keeps every value, and takes the place of nothing."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from moving_support import live, told

from mri_core.cli.migrate import migrate as command
from mri_core.errors import InvalidInput, StoreError
from mri_core.runs.migrate import OF_CHAMPIONS, OF_RUNS, Migration, migrate
from mri_core.runs.store import RunStore
from mri_core.settings import Settings


def move(settings: Settings, target: str) -> Migration:
    return migrate(settings.tracking_uri, target, settings, lambda done, total: None)


@contextmanager
def change(uri: str, statement: str) -> Iterator[None]:
    """A database after somebody has written to it."""
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as database:
        database.execute(statement)
        database.commit()
    yield


def count(file: str, table: str) -> int:
    with closing(sqlite3.connect(file.removeprefix("sqlite:///"))) as database:
        return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> tuple[bytes, list[str]]:
    """A database with runs and champions, and the ids of its runs."""
    home = tmp_path_factory.mktemp("lived")
    shutil.copy(empty_database, home)
    store = RunStore(Settings(home=home))
    ids = live(store)
    return (home / "mlflow.db").read_bytes(), ids


@pytest.fixture
def settings(tmp_path: Path, lived: tuple[bytes, list[str]]) -> Settings:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "mlflow.db").write_bytes(lived[0])
    return Settings(home=tmp_path / "home")


@pytest.fixture
def target(tmp_path: Path, empty_database: Path) -> str:
    """Another database, with MLflow's empty tables."""
    file = tmp_path / "other.db"
    file.write_bytes(empty_database.read_bytes())
    return f"sqlite:///{file}"


def at(settings: Settings, target: str) -> Settings:
    return settings.model_copy(update={"tracking_uri_setting": target})


def test_everything_is_there_afterwards_and_the_source_is_untouched(settings, target, lived):
    file = settings.root / "mlflow.db"
    done = move(settings, target)
    assert file.read_bytes() == lived[0]
    assert told(at(settings, target)) == told(settings)
    assert (done.runs, done.promotions) == (len(lived[1]), 2)
    assert all(moved.copied == moved.rows == count(target, name) for name, moved in done.tables.items())
    assert count(str(file), "runs") == done.runs + 1  # a deleted one is left behind
    assert all(count(str(file), name) == done.tables[name].rows for name in ("metrics", *OF_CHAMPIONS))

    assert move(settings, target).copied == 0
    with change(target, "DELETE FROM params WHERE key = 'epochs'"):
        again = move(settings, target)
    assert again.copied == again.tables["params"].copied == done.runs
    assert {name: moved.checksum for name, moved in again.tables.items()} == {
        name: moved.checksum for name, moved in done.tables.items()
    }


CHANGES = {
    "a tag": "UPDATE tags SET value = 'other' WHERE key = 'mri.dataset'",
    "a value": "UPDATE metrics SET value = value * (1 + 1e-15) WHERE key = 'loss'",
    "a parameter more": "INSERT INTO params (key, value, run_uuid) SELECT 'new', '1', run_uuid FROM runs LIMIT 1",
    "a deleted run": "UPDATE runs SET lifecycle_stage = 'deleted'",
    "another champion": "UPDATE registered_model_aliases SET version = 1",
}


def test_other_data_under_the_same_ids_is_refused_and_nothing_is_copied(settings, target, lived):
    move(settings, target)
    file = Path(target.removeprefix("sqlite:///"))
    for name, statement in CHANGES.items():
        other = f"sqlite:///{file.with_name(name)}.db"
        shutil.copy(file, f"{file.with_name(name)}.db")
        # In most of them there is something to copy, too.
        with change(other, statement), change(other, "DELETE FROM params WHERE key = 'epochs'"):
            before = {table: count(other, table) for table in OF_RUNS + OF_CHAMPIONS}
            with pytest.raises(InvalidInput, match=r"other data under the same ids.*nothing was copied") as refused:
                move(settings, other)
            assert any(known in str(refused.value) for known in ("mri-demo", *lived[1]))
            assert {table: count(other, table) for table in before} == before


def test_a_damaged_copy_is_noticed_and_taken_back(settings, target):
    rounding = (
        "CREATE TRIGGER rounding AFTER INSERT ON metrics BEGIN "
        "UPDATE metrics SET value = round(value, 3) WHERE rowid = new.rowid; END"
    )
    with (
        change(target, rounding),
        pytest.raises(StoreError, match=r"metrics of .* reads otherwise.*nothing was copied"),
    ):
        move(settings, target)
    assert count(target, "runs") == 0


def test_runs_under_way_are_waited_for(settings, target):
    busy = "UPDATE runs SET status = 'SCHEDULED' WHERE name = 'cnn 2'"
    with (
        change(settings.tracking_uri, busy),
        pytest.raises(InvalidInput, match=r"1 run is queued or running \('cnn 2' is one\)"),
    ):
        move(settings, target)
    assert count(target, "runs") == 0


def test_experiments_are_told_by_their_names(settings, target):
    """In the target the experiment has another number."""
    with change(target, "UPDATE experiments SET experiment_id = 7 WHERE name = 'mri'"):
        move(settings, target)
    assert told(at(settings, target)) == told(settings)


def test_what_is_no_run_database_is_refused(settings, target, tmp_path):
    (tmp_path / "diary.db").write_text("dear diary\n")
    for source in ("missing.db", "diary.db"):
        with pytest.raises(StoreError, match=rf"{source}.*--from"):
            migrate(f"sqlite:///{tmp_path / source}", target, settings, lambda done, total: None)
    assert not (tmp_path / "missing.db").exists()
    with pytest.raises(InvalidInput, match="expected the address of its database"):
        move(settings, "http://127.0.0.1:5000")
    older = "UPDATE alembic_version SET version_num = 'older'"
    with change(settings.tracking_uri, older), pytest.raises(StoreError, match="another version of MLflow"):
        move(settings, target)


def test_the_command_says_what_it_did(settings, target, monkeypatch, capsys):
    monkeypatch.setenv("MRI_HOME", str(settings.root))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", target)  # where one is going already
    command(target, json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["runs"] == 3 and document["tables"]["params"]["copied"] > 0
    command(target)
    out, err = capsys.readouterr()
    assert "checksum in both" in out and document["tables"]["metrics"]["checksum"] in out
    assert "3 runs and 2 promotions" in err and "MLFLOW_TRACKING_URI" in err
