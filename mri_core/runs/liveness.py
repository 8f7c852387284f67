"""Which processes are alive, and what to do about a run whose process is not.

Only looks at the operating system, so it may be called whenever a page or a command reads a run.
"""

from __future__ import annotations

import json
import math
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from mri_core.runs.changes import has_folder
from mri_core.runs.run import Process, Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

ENGINE_FILE = "engine.json"
STARTING_FILE = "starting"
START_SECONDS = 20.0
"""How long a local engine may take until it answers."""
LOG = "log.txt"
_LINES = 15
_SAME_START = 2.0  # seconds by which a start time may seem to move when the machine's clock is set


def process_of(pid: int | None = None) -> Process:
    """This process, or the one with number `pid` on this host."""
    pid = pid or os.getpid()
    return Process(socket.gethostname(), pid, psutil.Process(pid).create_time())


def find_process(process: Process) -> psutil.Process | None:
    """The live process on this host, or None: it has ended, another took its number, or it is on another host."""
    if process.host != socket.gethostname():
        return None
    try:
        found = psutil.Process(process.pid)
        same = abs(found.create_time() - process.started) < _SAME_START
        return found if same and found.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def read_engine(settings: Settings) -> dict[str, Any] | None:
    """What the local engine wrote about itself ("address", "process", credentials), or None when none is alive."""
    try:
        engine = json.loads((settings.engine / ENGINE_FILE).read_text())
        return engine if find_process(Process(**engine["process"])) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def frozen_engine(settings: Settings) -> psutil.Process | None:
    """The local engine where the system keeps it from running: it has a home that it does not serve."""
    engine = read_engine(settings)
    process = find_process(Process(**engine["process"])) if engine else None
    return process if process and is_frozen(process) else None


def is_frozen(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() == psutil.STATUS_STOPPED
    return False


def engine_is_coming(settings: Settings) -> bool:
    """Whether a local engine has been started so lately that it need not answer yet."""
    return age(settings.engine / STARTING_FILE) < START_SECONDS


def age(file: Path) -> float:
    """Seconds since a file was written or touched; infinite when there is none."""
    try:
        return time.time() - file.stat().st_mtime
    except OSError:
        return math.inf


def is_here(run: Run) -> bool:
    """Whether the run's files are in this home and its process, if it has one, on this host.

    The database may be shared with other homes and hosts, of which nothing is known: their runs are theirs.
    """
    return has_folder(run) and (run.process is None or run.process.host == socket.gethostname())


def settle(store: RunStore, run: Run) -> Run:
    """The run, marked as failed if it is shown as running but its process is gone and no engine looks after it.

    One that an engine has looked after goes on with the next engine, which whoever looks at runs starts again.
    """
    if run.status != "running" or run.process is None or run.claim or not is_here(run):
        return run
    if store.settings.scheduler or find_process(run.process):
        return run
    if read_engine(store.settings) or engine_is_coming(store.settings):
        return run
    reason = (
        "the training process is gone: it was killed, or the machine restarted; resume the run to go on where it was"
    )
    store.finish(run.id, "failed", error=with_log(reason, run.folder))
    return store.get(run.id)


def stop(store: RunStore, run_id: str) -> Run:
    """Stop a queued run at once, ask a running one to stop. Raises InvalidInput when it has ended."""
    run = settle(store, store.get(run_id))
    store.request_stop(run.id)
    return store.get(run.id)


def with_log(reason: str, folder: Path) -> str:
    """The reason, and the last lines of the training's log beneath it."""
    return "\n".join([reason, *last_lines(folder / LOG, _LINES)])


def last_lines(file: Path, count: int) -> list[str]:
    """The last `count` lines of a log that are not blank, each of at most 400 characters; none when there is no log."""
    try:
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - 16_384))
            text = log.read().decode(errors="replace")
    except OSError:
        return []
    return [line[:400] for line in text.splitlines() if line.strip()][-count:]
