"""What is told of a SQLite file: whether it has changed, and to SQLite itself how its tables are filled."""

import sqlite3
from contextlib import closing

from run_support import queue

from mri_core.runs.connection import _connect
from mri_core.runs.database import database_version
from mri_core.runs.store import RunStore


def test_the_version_of_a_database_changes_with_whatever_is_written(settings):
    store = RunStore(settings)
    versions = [database_version(settings.tracking_uri)]
    assert versions[0] == database_version(settings.tracking_uri)
    run_id = queue(store)
    versions.append(database_version(settings.tracking_uri))
    for change in (lambda: store.tag(run_id, device="CPU"), lambda: store.tag(run_id, device="GPU")):
        change()
        versions.append(database_version(settings.tracking_uri))
    store.get(run_id)
    assert versions[-1] == database_version(settings.tracking_uri)
    store.delete(run_id)
    versions.append(database_version(settings.tracking_uri))
    assert len(set(versions)) == len(versions)


def test_the_version_tells_changes_that_are_written_beside_the_file(settings):
    RunStore(settings).list()
    with closing(sqlite3.connect(settings.root / "mlflow.db")) as other:
        other.execute("PRAGMA journal_mode = WAL")
        before = database_version(settings.tracking_uri)
        other.execute("CREATE TABLE notes (text TEXT)")
        other.commit()
        assert database_version(settings.tracking_uri) != before


def test_servers_and_missing_files_have_no_version_that_lasts(tmp_path):
    assert database_version("postgresql://host/runs") is None and database_version("http://host") is None
    missing = f"sqlite:///{tmp_path}/runs.db"
    before = database_version(missing)
    (tmp_path / "runs.db").touch()
    assert before is not None and database_version(missing) != before


def test_sqlite_knows_how_its_tables_are_filled(settings):
    """Without, it reads all runs' losses to find one run's."""
    store = RunStore(settings)
    run_id = queue(store)
    with closing(sqlite3.connect(settings.root / "mlflow.db")) as database:
        rows = [("loss", step, f"{run:032x}", step) for run in range(50) for step in range(50)]
        database.executemany("INSERT INTO metrics (key, value, timestamp, run_uuid, step) VALUES (?, 0, ?, ?, ?)", rows)
        database.commit()
    _connect.cache_clear()  # another process
    store.list()
    with closing(sqlite3.connect(settings.root / "mlflow.db")) as database:
        query = "SELECT * FROM metrics WHERE run_uuid = ? AND key = ? ORDER BY timestamp, step, value"
        (plan, *_) = database.execute(f"EXPLAIN QUERY PLAN {query}", (run_id, "loss")).fetchall()
    assert "index_metrics_run_uuid" in plan[-1]


def test_damaged_tables_do_not_keep_a_database_from_opening(settings):
    store = RunStore(settings)
    queue(store)
    with closing(sqlite3.connect(settings.root / "mlflow.db")) as database:
        find = "SELECT rootpage FROM sqlite_master WHERE name = 'index_metrics_run_uuid_key_step'"  # no list needs it
        ((page,),), ((size,),) = database.execute(find).fetchall(), database.execute("PRAGMA page_size").fetchall()
    with (settings.root / "mlflow.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    _connect.cache_clear()
    assert len(store.list()) == 1
