from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from mri_core.datasets.dataset import open_dataset
from mri_core.datasets.demo.start import Attempt, demo_log, last_attempt, start_demo, stop_demo
from mri_core.errors import InvalidInput, StorageError
from mri_core.settings import Settings


def wait(settings: Settings, seconds: float = 60) -> Attempt | None:
    """The attempt once it has ended."""
    end = time.monotonic() + seconds
    while (attempt := last_attempt(settings, "demo")) and attempt.failure is None:
        assert time.monotonic() < end, "the demo process did not end"
        time.sleep(0.1)
    return attempt


def write_log(settings: Settings, text: str) -> None:
    settings.datasets.mkdir(parents=True, exist_ok=True)
    demo_log(settings, "demo").write_text(text)


def process_line(process: psutil.Process) -> str:
    return f"process {process.pid} {process.create_time()!r}\n"


@pytest.fixture
def ended() -> str:
    """The line of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        return process_line(psutil.Process(child.pid))


def test_nothing_was_started(home):
    assert last_attempt(home, "demo") is None
    stop_demo(home, "demo")


def test_a_log_tells_what_became_of_the_process(home, ended):
    alive = process_line(psutil.Process(os.getpid()))
    for text, expected in [
        (alive, Attempt(None)),
        (ended, Attempt("it was ended before it was done")),
        (ended + 'error: first\nhint\nerror: there is no room\n', Attempt("there is no room")),
        (ended + '{\n "name": "demo"\n}\n', None),
        ("Aborted!\n", Attempt("it was ended before it was done")),
        ("", None),
    ]:  # fmt: skip
        write_log(home, text)
        assert last_attempt(home, "demo") == expected, text


def test_the_number_of_an_ended_process_may_belong_to_another(home):
    me = psutil.Process(os.getpid())
    write_log(home, f"process {me.pid} {me.create_time() - 1000!r}\n")
    assert last_attempt(home, "demo") == Attempt("it was ended before it was done")
    stop_demo(home, "demo")  # must not reach this process


def test_a_started_demo_set_appears_and_is_then_forgotten(home):
    start_demo(home, "demo", 100)
    assert wait(home) is None
    assert open_dataset("demo", home).header.slices == 100


def test_a_failed_start_says_why(home):
    start_demo(home, "demo", 5)
    attempt = wait(home)
    assert attempt and attempt.failure and attempt.failure.startswith("slices is 5, expected 100 to")


def test_a_stopped_demo_set_leaves_nothing(home):
    start_demo(home, "demo", 20_000)
    partial = home.datasets / ".demo.partial" / "progress.json"
    end = time.monotonic() + 60
    while not partial.exists():
        assert time.monotonic() < end, "the demo process did not begin"
        time.sleep(0.05)
    stop_demo(home, "demo")
    assert wait(home)
    assert [path.name for path in home.datasets.iterdir()] == [".demo.log"]


def test_a_name_that_cannot_be_a_folder_is_refused(home):
    with pytest.raises(InvalidInput, match="cannot name a data set"):
        start_demo(home, "../demo", 100)


def test_a_log_that_cannot_be_written_is_named(home):
    demo_log(home, "demo").mkdir(parents=True)
    with pytest.raises(StorageError, match=r"cannot write .*; set MRI_HOME to"):
        start_demo(home, "demo", 100)
