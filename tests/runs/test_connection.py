"""A database that cannot be used is refused in one line and left as it is."""

import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from run_support import queue

from mri_core.errors import StoreError
from mri_core.runs.connection import _check_server
from mri_core.runs.store import RunStore
from mri_core.settings import Settings


def refusal(settings: Settings) -> str:
    with pytest.raises(StoreError) as caught:
        RunStore(settings).list()
    message = str(caught.value)
    assert "\n" not in message
    return message


def other_program(file):
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE bookmarks (url TEXT)")


FOREIGN = {
    "text": (lambda file: file.write_text("dear diary\n"), "is not a SQLite database"),
    "short": (lambda file: file.write_bytes(b"SQLite"), "is not a SQLite database"),
    "damaged": (lambda file: file.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000), "expected one made by MLflow"),
    "another program's": (other_program, "its tables are bookmarks"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file_is_refused_unchanged(tmp_path, kind):
    make, words = FOREIGN[kind]
    file = tmp_path / "mlflow.db"
    make(file)
    before = sha256(file.read_bytes()).digest()
    message = refusal(Settings(home=tmp_path))
    assert words in message and str(file) in message and "MLFLOW_TRACKING_URI" in message
    assert sha256(file.read_bytes()).digest() == before


def test_an_empty_file_becomes_the_database_in_silence(tmp_path, capfd):
    (tmp_path / "mlflow.db").touch()
    assert RunStore(Settings(home=tmp_path)).list() == ()
    assert capfd.readouterr() == ("", "")


def test_a_home_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    message = refusal(Settings(home=tmp_path / "file" / "home"))
    assert "mlflow.db" in message and "MRI_HOME" in message


def test_a_directory_in_its_place_is_refused(tmp_path):
    (tmp_path / "mlflow.db").mkdir()
    assert "mlflow.db" in refusal(Settings(home=tmp_path))


def test_a_locked_database_is_refused_and_works_when_free_again(settings, monkeypatch):
    monkeypatch.setattr("mri_core.runs.database.PROBE_SECONDS", 0.05)
    with closing(sqlite3.connect(settings.root / "mlflow.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "is locked" in refusal(settings)
    assert RunStore(settings).list() == ()


def test_a_killed_writer_leaves_a_database_that_opens(settings):
    killed = """if True:
        import os, sqlite3, sys
        database = sqlite3.connect(sys.argv[1])
        database.execute("PRAGMA cache_size = 1")
        database.execute("CREATE TABLE half (x)")
        database.executemany("INSERT INTO half VALUES (?)", [("x" * 4000,)] * 100)
        os._exit(9)
    """
    file = settings.root / "mlflow.db"
    subprocess.run([sys.executable, "-c", killed, str(file)], check=False)
    assert file.with_name("mlflow.db-journal").stat().st_size
    store = RunStore(settings)
    assert store.get(queue(store)).status == "queued"
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("uri", ["file:///tmp/mlruns", "sqlite://", "sqlite:///:memory:", "mlflow.db"])
def test_an_unknown_kind_of_address_is_refused(tmp_path, uri):
    assert "expected sqlite:///FILE" in refusal(Settings(home=tmp_path, tracking_uri=uri))


def test_an_unreachable_server_is_refused_without_showing_the_password(tmp_path):
    message = refusal(Settings(home=tmp_path, tracking_uri="postgresql://me:hunter2@127.0.0.1:1/runs"))
    assert "127.0.0.1:1/runs" in message and "hunter2" not in message


def test_an_experiment_deleted_in_mlflow_is_said_to_be(tmp_path):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{tmp_path / 'theirs.db'}")
    client.delete_experiment(client.create_experiment("mri"))
    message = refusal(Settings(home=tmp_path, tracking_uri=f"sqlite:///{tmp_path / 'theirs.db'}"))
    assert "restore" in message


@pytest.mark.parametrize("scheme", ["http", "postgresql"])
def test_a_server_that_nobody_runs_is_said_at_once(tmp_path, scheme):
    with socket.socket() as bound:  # bound and not listening: the port is nobody else's, and refuses
        bound.bind(("127.0.0.1", 0))
        address = f"{scheme}://reader:secret@127.0.0.1:{bound.getsockname()[1]}"
        message = refusal(Settings(home=tmp_path, tracking_uri=address))
    assert "cannot reach the run database" in message and "MLFLOW_TRACKING_URI" in message
    assert "secret" not in message


def test_a_web_server_that_answers_is_left_to_mlflow():
    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(403)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        _check_server(f"http://127.0.0.1:{server.server_port}")
        thread.join()
