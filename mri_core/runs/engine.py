"""The client's side of the queue: hands runs to a Dask scheduler, the local one (started on demand) or `MRI_SCHEDULER`.

Whoever reaches a Dask scheduler can run programs there: the local one listens on loopback and takes only connections
with the temporary credentials in its private folder; a scheduler elsewhere must be reached through TLS.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil

from mri_core.errors import EngineError, StorageError
from mri_core.runs.liveness import START_SECONDS, STARTING_FILE, frozen_engine, last_lines, read_engine
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.runs.supervise import supervise
from mri_core.settings import Settings, amounts, make_folder

if TYPE_CHECKING:
    from distributed import Client

DAEMON_LOG = "daemon.log"

_CONNECT_SECONDS = 5.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def submit(run_id: str, settings: Settings, command: Sequence[str] = ()) -> None:
    """Put a queued run into the queue; returns once the scheduler has it. Submitting a run twice does no harm.

    command: the program that trains, for another than the training worker.
    Raises EngineError when no scheduler can be reached or started.
    """
    run = RunStore(settings).get(run_id)
    ensure_engine(settings, command)
    try:
        _send(run, settings, command)
    except EngineError:  # an idle engine may have ended just as it was asked
        ensure_engine(settings, command)
        _send(run, settings, command)


def _send(run: Run, settings: Settings, command: Sequence[str]) -> None:
    with client_of(settings) as client:
        enqueue(client, [run], settings, command)


def enqueue(client: Client, runs: Sequence[Run], settings: Settings, command: Sequence[str]) -> None:
    """Give the scheduler a ticket for each run: a task that supervises whichever is next when its turn comes.

    The oldest run's is first in line, because it may be running already and then takes a slot. A ticket takes its run's
    resources, and is for runs that take the same.
    """
    # The futures must live until the scheduler has promised to keep the tasks without them.
    futures = [
        client.submit(
            supervise,
            ticket_of(run),
            settings.taking(run.resources).environment(),
            tuple(command),
            key=ticket_of(run),
            pure=False,
            priority=-int(run.created.timestamp()),
            resources=amounts(run.resources) if settings.scheduler else None,
        )
        for run in runs
    ]
    deadline = time.monotonic() + START_SECONDS
    while not client.run_on_scheduler(_keeper(), keys=[future.key for future in futures]):
        if time.monotonic() > deadline:
            names = f"run '{runs[0].name}'" if len(runs) == 1 else f"{len(runs)} runs"
            raise EngineError(f"the scheduler did not take {names} within {START_SECONDS:.0f} s; try again")
        time.sleep(0.02)


def ticket_of(run: Run) -> str:
    """Another one each time the run is queued again: the former may be out still, with another run in hand."""
    return f"{run.id}-{run.attempt}"


def _keeper() -> Any:
    """What `fire_and_forget` does, atomically and with an answer; a local function, so that it travels by value."""

    def keep(dask_scheduler: Any, keys: list[str]) -> bool:
        if any(key not in dask_scheduler.tasks for key in keys):
            return False
        dask_scheduler.client_desires_keys(keys, client="fire-and-forget")
        return True

    return keep


def ensure_engine(settings: Settings, command: Sequence[str] = ()) -> None:
    """Make sure that a scheduler answers, starting the local one if needed; that takes up runs a lost one left.

    Raises EngineError when it cannot be reached or does not start.
    """
    if settings.scheduler:
        with client_of(settings):
            return
    if read_engine(settings) and _answers(settings):
        return
    daemon = start_daemon(settings, command)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        engine = read_engine(settings)
        if engine and _answers(settings):
            leave_alone(daemon)
            return
        if not engine and (status := daemon.poll()) is not None:
            if status:
                break
            daemon = start_daemon(settings, command)  # the engine that this one made way for has just ended
        time.sleep(0.05)
    line = (last_lines(settings.engine / DAEMON_LOG, 1) or ["it said nothing"])[0]
    raise EngineError(
        f"the local engine did not start ({line}), expected an answer; see {settings.engine / DAEMON_LOG}"
    )


def start_daemon(settings: Settings, command: Sequence[str]) -> psutil.Popen:
    """A detached process. When another engine serves the home it ends, with exit status 0; a frozen one is ended first.

    Raises EngineError when the disk or the system refuses.
    """
    if frozen := frozen_engine(settings):
        frozen.kill()  # its trainings go on, and the next engine looks after them
    try:
        make_folder(settings.engine).chmod(0o700)
        (settings.engine / STARTING_FILE).touch()
        with (settings.engine / DAEMON_LOG).open("ab") as log:
            return psutil.Popen(
                [sys.executable, "-m", "mri_core.runs.daemon", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | settings.environment(),
            )
    except (OSError, StorageError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise EngineError(
            f"the local engine cannot be started in {settings.engine}: {reason}; free or allow space there, try again"
        ) from error


def leave_alone(daemon: psutil.Popen) -> None:
    """Nobody asks for its end any more, but it must not stay in this process's care once it has ended."""
    threading.Thread(target=daemon.wait, name="engine", daemon=True).start()


def _answers(settings: Settings) -> bool:
    try:
        with client_of(settings):
            return True
    except EngineError:
        return False


@contextmanager
def client_of(settings: Settings) -> Iterator[Client]:
    """A connection to the scheduler, not made the process's default one.

    Raises EngineError when it does not answer, or could only be reached without TLS.
    """
    from distributed import Client, Security

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it reports errors that are raised as well
    if settings.scheduler:
        _check_address(settings.scheduler)
        address, security = settings.scheduler, Security()  # credentials come from Dask's own configuration
    else:
        engine = read_engine(settings)
        if engine is None:
            raise EngineError("the local engine has ended, expected it to answer; try again")
        address, security = engine["address"], Security(require_encryption=True, **engine["security"])
    try:
        if address.startswith("tls:") and not security.get_connection_args("client")["ssl_context"]:
            raise EngineError(
                f"the scheduler {address} takes only who has the cluster's certificate, and Dask's configuration names "
                "none; set DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …TLS__CLIENT__CERT and …TLS__CLIENT__KEY"
            )
        with Client(address, security=security, timeout=_CONNECT_SECONDS, set_as_default=False) as client:
            yield client
    except (OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise EngineError(
            f"the scheduler {address} does not answer ({reason}); check that it runs and its TLS files"
        ) from error


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "tls" and not (parts.scheme == "tcp" and parts.hostname in _LOOPBACK):
        raise EngineError(
            f"MRI_SCHEDULER is '{address}', expected tls://HOST:PORT; without TLS anyone could run programs through it"
        )
