"""Making the demo set in a process of its own, and what became of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import psutil

from mri_core.datasets.dataset import check_name
from mri_core.errors import StorageError
from mri_core.settings import Settings, make_folder

DEMO = "demo"
"""What the demo set is called unless someone asks for another name."""

_SAME_START = 2.0  # seconds by which a start time may seem to move when the machine's clock is set


@dataclass(frozen=True)
class Attempt:
    """The last time the demo set was started from the app. failure: why it ended with nothing, None while it runs."""

    failure: str | None


def start_demo(settings: Settings, name: str, slices: int) -> None:
    """Start making the demo set in a process of its own, so that no closed page or restarted server ends it.

    Its progress shows in `builds(settings)`, its end in `last_attempt(settings, name)`.
    """
    log = demo_log(settings, check_name(name))
    make_folder(log.parent)
    command = [sys.executable, "-m", "mri_core", "demo", "--name", name, "--slices", str(slices), "--json"]
    try:
        output = log.open("wb")
    except OSError as error:
        raise StorageError(
            f"cannot write {log}: {error.strerror}; set MRI_HOME to a directory you can write"
        ) from error
    with output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | settings.environment(),
            start_new_session=True,
        )
        # Which process writes the log; its start tells it from a later one with the same number.
        started = psutil.Process(process.pid).create_time()
        output.write(f"process {process.pid} {started!r}\n".encode())
    # Someone has to wait for a child's end, or the system keeps it as a zombie that looks alive.
    threading.Thread(target=process.wait, daemon=True).start()


def stop_demo(settings: Settings, name: str) -> None:
    """End a making that `start_demo` started; it clears away what it had. Nothing happens when it has ended."""
    process = _process(_log_text(settings, name))
    if process is not None:
        process.terminate()


def last_attempt(settings: Settings, name: str) -> Attempt | None:
    """What became of the last `start_demo`; None when there was none, or it made its data set."""
    text = _log_text(settings, name)
    lines = text.splitlines()
    if not lines or lines[-1] == "}":  # the JSON document that a success ends with
        return None
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if errors:
        return Attempt(errors[-1])
    return Attempt(None if _process(text) else "it was ended before it was done")


def demo_log(settings: Settings, name: str) -> Path:
    """Where a demo set started from the app leaves its words."""
    return settings.datasets / f".{name}.log"


def _log_text(settings: Settings, name: str) -> str:
    try:
        return demo_log(settings, name).read_text(errors="replace")
    except OSError:
        return ""


def _process(log: str) -> psutil.Process | None:
    """The live process that writes this log."""
    noted = re.search(r"^process (\d+) (\S+)$", log, re.MULTILINE)
    if noted is None:
        return None
    try:
        process = psutil.Process(int(noted[1]))
        same = abs(process.create_time() - float(noted[2])) < _SAME_START
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None
