"""Making a data set in a process of its own, and what became of it: no closed page or restarted server ends it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from mri_core.datasets.dataset import check_name
from mri_core.errors import StorageError
from mri_core.settings import Settings, make_folder

MEMORY_MB = 6144
"""What a making may hold. An import of a million slices plans in a fifth of it."""
_PROGRAM = f"""
import sys
from mri_core.images.confine import leave_network, limit_data
leave_network()
limit_data({MEMORY_MB})
from mri_core.cli import main
sys.argv[0] = "mri"
main()
"""
_SAME_START = 2.0  # seconds by which a start time may seem to move when the machine's clock is set


@dataclass(frozen=True)
class Attempt:
    """The last time a data set of some name was started from the app: it runs, has failed or was made.

    failure: why it ended with nothing. made: the document that the command printed, where it was made.
    """

    failure: str | None = None
    made: Mapping[str, Any] | None = None

    @property
    def running(self) -> bool:
        return self.failure is None and self.made is None


def start_making(settings: Settings, name: str, command: Sequence[str]) -> None:
    """Start `mri COMMAND --name NAME --json` in a process of its own, which gives up the network where the system can.

    Its progress shows in `builds(settings)`, its end in `last_attempt(settings, name)`. Raises InvalidInput for a name
    that is none, StorageError where nothing can be written.
    """
    log = _log(settings, check_name(name))
    make_folder(log.parent)
    try:
        output = log.open("wb")
    except OSError as error:
        raise StorageError(
            f"cannot write {log}: {error.strerror}; set MRI_HOME to a directory you can write"
        ) from error
    with output:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *command, "--name", name, "--json"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | settings.environment() | {"OPENBLAS_NUM_THREADS": "1"},  # threads could not leave
            start_new_session=True,
        )
        # Which process writes the log; its start tells it from a later one with the same number.
        started = psutil.Process(process.pid).create_time()
        output.write(f"process {process.pid} {started!r}\n".encode())
    # Someone has to wait for a child's end, or the system keeps it as a zombie that looks alive.
    threading.Thread(target=process.wait, daemon=True).start()


def stop_making(settings: Settings, name: str) -> None:
    """End a making that `start_making` started; it clears away what it had. Nothing happens when it has ended."""
    process = _process(_log_text(settings, name))
    if process is not None:
        process.terminate()


def last_attempt(settings: Settings, name: str) -> Attempt | None:
    """What became of the last `start_making` of this name; None when there was none."""
    text = _log_text(settings, name)
    lines = text.splitlines()
    if not lines:
        return None
    if lines[-1] == "}" and "{" in lines:  # the JSON document that a success ends with
        return Attempt(made=json.loads("\n".join(lines[lines.index("{") :])))
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if errors:
        return Attempt(failure=errors[-1])
    return Attempt() if _process(text) else Attempt(failure="it was ended before it was done")


def report_path(settings: Settings, name: str) -> Path:
    """Where an import started from the app lists what it left out."""
    return settings.datasets / f".{check_name(name)}.csv"


def import_report(settings: Settings, name: str) -> str:
    """What the last import of this name left out, as CSV; empty where there is no report."""
    try:
        return report_path(settings, name).read_text()
    except OSError:
        return ""


def _log(settings: Settings, name: str) -> Path:
    """Where a making started from the app leaves its words."""
    return settings.datasets / f".{name}.log"


def _log_text(settings: Settings, name: str) -> str:
    try:
        return _log(settings, check_name(name)).read_text(errors="replace")
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
