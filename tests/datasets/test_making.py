from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import psutil
import pytest

from mri_core.datasets import making
from mri_core.datasets.dataset import open_dataset
from mri_core.datasets.making import (
    Attempt,
    import_report,
    last_attempt,
    report_path,
    start_making,
    stop_making,
)
from mri_core.errors import InvalidInput, StorageError
from mri_core.settings import Settings

DEMO = ["demo", "--slices", "100"]


def wait(settings: Settings, seconds: float = 60) -> Attempt | None:
    """The attempt once it has ended."""
    end = time.monotonic() + seconds
    while (attempt := last_attempt(settings, "demo")) and attempt.running:
        assert time.monotonic() < end, "the demo process did not end"
        time.sleep(0.1)
    return attempt


def write_log(settings: Settings, text: str) -> None:
    settings.datasets.mkdir(parents=True, exist_ok=True)
    (settings.datasets / ".demo.log").write_text(text)


def process_line(process: psutil.Process) -> str:
    return f"process {process.pid} {process.create_time()!r}\n"


@pytest.fixture
def ended() -> str:
    """The line of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        return process_line(psutil.Process(child.pid))


def test_nothing_was_started(home):
    assert last_attempt(home, "demo") is None
    stop_making(home, "demo")


def test_a_log_tells_what_became_of_the_process(home, ended):
    alive = process_line(psutil.Process(os.getpid()))
    for text, expected in [
        (alive, Attempt()),
        (ended, Attempt("it was ended before it was done")),
        (ended + 'error: first\nhint\nerror: there is no room\n', Attempt("there is no room")),
        (ended + 'note: of {braces}\n{\n "name": "demo"\n}\n', Attempt(made={"name": "demo"})),
        ("Aborted!\n", Attempt("it was ended before it was done")),
        ("", None),
    ]:  # fmt: skip
        write_log(home, text)
        assert last_attempt(home, "demo") == expected, text


def test_the_number_of_an_ended_process_may_belong_to_another(home):
    me = psutil.Process(os.getpid())
    write_log(home, f"process {me.pid} {me.create_time() - 1000!r}\n")
    assert last_attempt(home, "demo") == Attempt("it was ended before it was done")
    stop_making(home, "demo")  # must not reach this process


def test_a_started_demo_set_appears_with_its_document(home):
    start_making(home, "demo", DEMO)
    attempt = wait(home)
    assert attempt and attempt.made and attempt.made["slices"] == 100
    assert open_dataset("demo", home).header.slices == 100


PROBE = """
import resource, socket
def main():
    held = resource.getrlimit(resource.RLIMIT_DATA)[0] >> 20
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)
        print(f"error: {left} {held} connected")
    except OSError:
        print(f"error: {left} {held} alone")
"""


def test_what_makes_a_data_set_has_no_network_where_the_system_lets_it_leave(home, monkeypatch):
    program = making._PROGRAM.replace("\nleave_network()", "\nleft = leave_network()")
    program = program.replace("from mri_core.cli import main", PROBE)
    monkeypatch.setattr(making, "_PROGRAM", program)
    with socket.create_server(("127.0.0.1", 0)) as server:
        start_making(home, "demo", [str(server.getsockname()[1])])
        attempt = wait(home)
    assert attempt and attempt.failure in (f"True {making.MEMORY_MB} alone", f"False {making.MEMORY_MB} connected")


def test_a_failed_start_says_why(home):
    start_making(home, "demo", ["demo", "--slices", "5"])
    attempt = wait(home)
    assert attempt and attempt.failure and attempt.failure.startswith("slices is 5, expected 100 to")


def test_a_stopped_demo_set_leaves_nothing(home):
    start_making(home, "demo", ["demo", "--slices", "20000"])
    partial = home.datasets / ".demo.partial" / "progress.json"
    end = time.monotonic() + 60
    while not partial.exists():
        assert time.monotonic() < end, "the demo process did not begin"
        time.sleep(0.05)
    stop_making(home, "demo")
    assert wait(home)
    assert [path.name for path in home.datasets.iterdir()] == [".demo.log"]


def test_a_name_that_cannot_be_a_folder_is_refused(home):
    with pytest.raises(InvalidInput, match="cannot name a data set"):
        start_making(home, "../demo", DEMO)


def test_a_log_that_cannot_be_written_is_named(home):
    (home.datasets / ".demo.log").mkdir(parents=True)
    with pytest.raises(StorageError, match=r"cannot write .*; set MRI_HOME to"):
        start_making(home, "demo", DEMO)


@pytest.mark.parametrize("ask", [last_attempt, stop_making, import_report])
def test_no_file_outside_is_read_for_a_name(home, ask):
    with pytest.raises(InvalidInput, match="cannot name a data set"):
        ask(home, "../../etc/passwd")


def test_the_report_of_an_import_is_read_where_it_was_written(home):
    assert import_report(home, "mine") == ""
    home.datasets.mkdir(parents=True)
    report_path(home, "mine").write_text("what,reason,why\n")
    assert import_report(home, "mine") == "what,reason,why\n"
