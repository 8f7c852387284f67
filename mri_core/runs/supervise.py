"""What a Dask worker does for one run: starts its training process, sees it to its end, records what it did not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

import psutil

from mri_core.errors import NotFound, StoreError
from mri_core.runs.liveness import LOG, find_process, is_here, process_of, with_log
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

GRACE_SECONDS = 60.0
"""How long a run that was asked to stop may take to save its model before it is ended."""

_POLL_SECONDS = 2.0  # between looks for a requested stop; an end is noticed at once
_KILL_SECONDS = 10.0
_RETRY_SECONDS = 2.0
_Result = TypeVar("_Result")


def supervise(
    run_id: str, environment: Mapping[str, str], command: Sequence[str] = (), grace_seconds: float = GRACE_SECONDS
) -> None:
    """Carry a queued run to its end, or follow one whose process a lost supervisor left behind.

    environment: `Settings.environment()` of whoever submitted the run.
    command: the program to run with the run's id as its last argument; by default the training worker.
    """
    store = RunStore(Settings.model_validate(environment))
    try:
        run = _patiently(lambda: store.get(run_id))
        if run.ended or not is_here(run):
            return
        process = _alive(run)
        if process is None and run.status == "queued":
            process = _launch(store, run, environment, command)
        ending = None
        while process:
            ending = _follow(store, run_id, process, grace_seconds)
            process = _alive(_patiently(lambda: store.get(run_id)))  # one that a lost supervisor launched may have won
        _patiently(lambda: _record_end(store, run_id, ending))
    except NotFound:
        return  # deleted while it waited


def _alive(run: Run) -> psutil.Process | None:
    return find_process(run.process) if run.process and not run.ended else None


def _launch(store: RunStore, run: Run, environment: Mapping[str, str], command: Sequence[str]) -> psutil.Process | None:
    """A fresh process in a session of its own, so that it outlives this one; None when it cannot be started."""
    command = [*(command or (sys.executable, "-m", "mri_core.training.worker")), run.id]
    try:
        with (run.folder / LOG).open("ab") as log:
            process = psutil.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **environment},
            )
    except OSError as error:
        reason = f"cannot start the training process: {error}"
        _patiently(lambda: store.finish(run.id, "failed", error=reason))
        return None
    with suppress(StoreError, psutil.NoSuchProcess):
        store.assign(run.id, process_of(process.pid))
    return process


def _follow(store: RunStore, run_id: str, process: psutil.Process, grace_seconds: float) -> int | None:
    """Wait for the end, forcing it when a requested stop takes too long. Returns the exit status of a child of ours."""
    deadlines = [(signal.SIGKILL, grace_seconds + _KILL_SECONDS), (signal.SIGTERM, grace_seconds)]
    asked = None
    while True:
        try:
            return process.wait(_POLL_SECONDS)
        except psutil.TimeoutExpired:
            pass
        if asked is None:
            with suppress(StoreError):  # busy for once: ask again in a moment
                asked = time.monotonic() if store.stop_requested(run_id) else None
        elif deadlines and time.monotonic() - asked > deadlines[-1][1]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(deadlines.pop()[0])


def _record_end(store: RunStore, run_id: str, ending: int | None) -> None:
    run = store.get(run_id)
    if run.ended:
        return
    if run.stop_requested:
        reason = f"asked to stop, {_in_words(ending)}"
        store.finish(run_id, "stopped", error=with_log(reason, run.folder))
    else:
        hint = "; often the machine ran out of memory" if ending == -signal.SIGKILL else ""
        store.finish(run_id, "failed", error=with_log(_in_words(ending) + hint, run.folder))


def _in_words(ending: int | None) -> str:
    if ending is None or ending == 0:
        return "the training process ended without recording a result"
    if ending > 0:
        return f"the training process ended with exit code {ending}"
    name = signal.strsignal(-ending) or "unknown"
    return f"the training process ended with signal {-ending} ({name.lower()})"


def _patiently(action: Callable[[], _Result]) -> _Result:
    """`action`, again and again while the database is busy: nothing can go on before it is recorded."""
    while True:
        try:
            return action()
        except StoreError:
            time.sleep(_RETRY_SECONDS)
