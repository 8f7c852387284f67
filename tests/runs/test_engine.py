"""The queue end to end, through real engines and stand-ins for the training process."""

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from run_support import end_processes, queue, stub, wait_until

from mri_core.errors import EngineError, InvalidInput
from mri_core.runs import engine, revival
from mri_core.runs.liveness import read_engine, stop
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.start import resume_run


@pytest.fixture(scope="module")
def served(tmp_path_factory, empty_database):
    """The store of a home whose engine lasts for this module."""
    home = tmp_path_factory.mktemp("served")
    shutil.copy(empty_database, home)
    yield RunStore(Settings(home=home))
    end_processes(home)


@pytest.fixture
def send(served):
    """Queues and submits a run of a stub."""
    for name in ("started", "gate"):
        (served.settings.root / name).unlink(missing_ok=True)

    def submitted(mode: str) -> str:
        run_id = queue(served)
        engine.submit(run_id, served.settings, stub(mode))
        return run_id

    return submitted


def starts(store):
    file = store.settings.root / "started"
    return file.read_text().split() if file.exists() else []


def engines(store) -> list[int]:
    """The engines of this home that are alive."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            ours = "mri_core.runs.daemon" in (process.info["cmdline"] or ())
            if ours and process.environ().get("MRI_HOME") == str(store.settings.root):
                found.append(process.pid)
    return found


def await_end(store, run_id):
    wait_until(lambda: store.get(run_id).ended)
    return store.get(run_id)


def test_of_two_engines_that_are_started_at_once_one_serves(served):
    starting = [threading.Thread(target=engine.ensure_engine, args=(served.settings, stub("note"))) for _ in range(2)]
    for each in starting:
        each.start()
    for each in starting:
        each.join()
    wait_until(lambda: len(engines(served)) == 1)
    assert engines(served) == [read_engine(served.settings)["process"]["pid"]]


def test_runs_go_one_at_a_time_in_order_each_once(served, send):
    ids = [send("gate"), send("note"), send("record")]
    engine.submit(ids[1], served.settings, stub("note"))
    wait_until(lambda: starts(served))
    assert starts(served) == ids[:1]
    (served.settings.root / "gate").touch()
    assert [await_end(served, run_id).status for run_id in ids] == ["failed", "failed", "finished"]
    assert starts(served) == ids
    run = served.get(ids[2])
    assert (run.error, run.parameters, run.best_epoch, [row["loss"] for row in run.history]) == (None, 33923, 1, [0.5])


def test_a_queued_run_stops_without_starting_and_a_running_one_by_itself(served, send):
    running, queued = send("wait"), send("note")
    wait_until(lambda: served.get(running).status == "running")
    assert stop(served, queued).status == "stopped"
    assert stop(served, running).status == "running"
    run = await_end(served, running)
    assert (run.status, run.error, len(run.history)) == ("stopped", None, 1)
    following = send("note")
    await_end(served, following)
    assert starts(served) == [running, following]


def test_a_killed_training_has_failed_with_the_reason_and_its_log(served, send):
    reason, *log = await_end(served, send("die")).error.splitlines()
    assert "signal 9 (killed)" in reason and log[-1] == "line 39"


def test_the_engine_is_private_and_on_loopback(served, send):
    engine.ensure_engine(served.settings)
    description = read_engine(served.settings)
    assert description["address"].startswith("tls://127.0.0.1:")
    process = psutil.Process(description["process"]["pid"])
    listening = {c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}
    assert stat.S_IMODE(served.settings.engine.stat().st_mode) == 0o700
    assert stat.S_IMODE((served.settings.engine / "engine.json").stat().st_mode) == 0o600


def test_strangers_are_turned_away(served, send):
    from distributed import Client, Security

    engine.ensure_engine(served.settings)
    address = read_engine(served.settings)["address"]
    for security, wrong in ((Security.temporary(), address), (None, address.replace("tls", "tcp"))):
        with pytest.raises(OSError):
            Client(wrong, security=security, timeout=1, set_as_default=False)


def test_a_second_engine_ends_quietly(served, send):
    engine.ensure_engine(served.settings)
    before = read_engine(served.settings)
    second = subprocess.run(
        [sys.executable, "-m", "mri_core.runs.daemon"],
        env=os.environ | served.settings.environment(),
        capture_output=True,
        check=False,
    )
    assert (second.returncode, second.stdout, second.stderr) == (0, b"", b"")
    assert read_engine(served.settings) == before


def test_after_the_engine_is_killed_the_next_one_takes_up_what_it_left(served, send):
    ids = [send("gate"), send("note")]
    wait_until(lambda: served.get(ids[0]).process)
    lost = read_engine(served.settings)["process"]["pid"]
    os.kill(lost, signal.SIGKILL)
    wait_until(lambda: read_engine(served.settings) is None)
    ids.append(send("note"))
    assert read_engine(served.settings)["process"]["pid"] != lost
    assert starts(served) == ids[:1]
    (served.settings.root / "gate").touch()
    for run_id in ids:
        await_end(served, run_id)
    # Of the one that it adopted nobody knows how it ended: it counts as lost and goes on once more.
    assert starts(served) == [ids[0], *ids]


@pytest.mark.parametrize("look", [revival.revive, engine.ensure_engine])
def test_a_frozen_engine_is_ended_by_who_looks_and_its_runs_go_on(served, send, monkeypatch, look):
    run_id = send("wait")
    wait_until(lambda: served.get(run_id).status == "running")
    monkeypatch.setattr(revival, "REVIVE_SECONDS", -1.0)
    monkeypatch.setattr(engine, "_CONNECT_SECONDS", 0.5)
    assert not revival.revive(served.settings)
    frozen = psutil.Process(read_engine(served.settings)["process"]["pid"])
    frozen.suspend()
    wait_until(lambda: frozen.status() == psutil.STATUS_STOPPED)
    look(served.settings)
    wait_until(lambda: not frozen.is_running() and read_engine(served.settings))
    stop(served, run_id)
    run = await_end(served, run_id)
    assert (run.status, run.attempt, len(run.history)) == ("stopped", 1, 1)


def test_an_orphaned_run_is_resumed_by_whoever_asks(served, send):
    """Its engine and its process were killed at once, and nobody has looked since."""
    run_id = send("gate")
    wait_until(lambda: served.get(run_id).process)
    served.start(run_id, served.get(run_id).process, 1)
    for pid in (read_engine(served.settings)["process"]["pid"], served.get(run_id).process.pid):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: read_engine(served.settings) is None)
    (served.settings.root / "gate").touch()
    run = resume_run(served.get(run_id), served.settings)
    assert (run.id, run.status) == (run_id, "running")
    wait_until(lambda: served.get(run_id).attempt == 2)
    assert await_end(served, run_id).status == "failed"  # no training stands behind this one
    with pytest.raises(InvalidInput, match="is finished, expected a stopped or failed one"):
        done = send("record")
        await_end(served, done)
        resume_run(served.get(done), served.settings)


def test_an_idle_engine_ends_and_removes_its_address(settings):
    serve = f"from mri_core.runs.daemon import main; main({stub('note')!r}, idle_seconds=0.5)"
    store = RunStore(settings)
    run_id = queue(store)
    environment = os.environ | settings.environment()
    ended = subprocess.run([sys.executable, "-c", serve], env=environment, capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    assert not (settings.engine / "engine.json").exists()
    assert starts(store) == [run_id]


def test_an_engine_that_cannot_start_says_why(settings, monkeypatch):
    settings.engine.mkdir()
    monkeypatch.setattr("mri_core.runs.engine.sys.executable", shutil.which("false"))
    (settings.engine / "daemon.log").write_text("something\nMemoryError: no room\n")
    with pytest.raises(EngineError, match=r"did not start \(MemoryError: no room\)"):
        engine.submit(queue(RunStore(settings)), settings)


@pytest.mark.parametrize("address", ["tcp://10.0.0.5:8786", "cluster:8786", "tcp://0.0.0.0:8786"])
def test_a_scheduler_elsewhere_must_be_reached_through_tls(tmp_path, address):
    with pytest.raises(EngineError, match="expected tls://HOST:PORT"):
        engine.ensure_engine(Settings(home=tmp_path, scheduler=address))


def test_nobody_who_looks_at_runs_reaches_a_scheduler_without_tls_either(store, monkeypatch):
    reached = []
    monkeypatch.setattr("distributed.Client", lambda address, **_: reached.append(address))
    monkeypatch.setattr(revival, "HANDING_SECONDS", -1.0)
    queue(store)
    elsewhere = store.settings.model_copy(update={"scheduler": "tcp://10.0.0.5:8786"})
    assert not revival.revive(elsewhere) and reached == []
    with pytest.raises(EngineError, match="expected tls://HOST:PORT"), engine.client_of(elsewhere):
        pass


@pytest.mark.parametrize("name", ["starting", "daemon.log"])
def test_an_engine_that_the_disk_refuses_says_so_to_who_starts_it_and_disturbs_nobody_who_looks(
    store, monkeypatch, name
):
    opened = Path.open

    def full(path, *given, **named):
        if path.name == name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return opened(path, *given, **named)

    monkeypatch.setattr(Path, "open", full)
    monkeypatch.setattr(Path, "touch", lambda path: path.open("a").close())
    monkeypatch.setattr(revival, "HANDING_SECONDS", -1.0)
    run_id = queue(store)
    with pytest.raises(EngineError, match=r"cannot be started in .*: No space left on device; free"):
        engine.submit(run_id, store.settings)
    assert not revival.revive(store.settings)


def test_a_scheduler_that_does_not_answer_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("mri_core.runs.engine._CONNECT_SECONDS", 0.3)
    with pytest.raises(EngineError, match=r"tcp://127\.0\.0\.1:1 does not answer"):
        engine.ensure_engine(Settings(home=tmp_path, scheduler="tcp://127.0.0.1:1"))


def test_client_daemon_and_supervisor_load_no_tensorflow():
    check = (
        "import sys, distributed, mlflow.tracking, mri_core.runs.daemon, mri_core.runs.supervise\n"
        "print(sorted({'tensorflow', 'keras', 'streamlit'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", check], text=True) == "[]\n"
    light = (
        "import sys, mri_core.runs.engine\nprint(sorted({'mlflow', 'distributed', 'tensorflow'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", light], text=True) == "[]\n"
