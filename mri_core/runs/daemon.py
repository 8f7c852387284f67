"""The local engine, `python -m mri_core.runs.daemon`: a Dask scheduler and its one worker in one process, one a home.

It takes up what a lost engine left, carries out as many runs at once as there are slots, and ends by itself when it has
been idle.
Arguments: the program that trains, for another than the training worker.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mri_core.errors import StoreError
from mri_core.runs.engine import enqueue
from mri_core.runs.liveness import ENGINE_FILE, START_SECONDS, process_of, read_engine
from mri_core.runs.order import left_here
from mri_core.runs.revival import is_abandoned
from mri_core.runs.run import Run, Status
from mri_core.runs.slots import slots
from mri_core.runs.store import RunStore
from mri_core.settings import Settings, make_folder

if TYPE_CHECKING:
    from distributed import Security

ACTIVE: tuple[Status, ...] = ("queued", "running")
IDLE_SECONDS = 300.0
_TICK_SECONDS = 1.0
_WAIT_SECONDS = 0.1
_TLS = ("tls_ca_file", "tls_client_cert", "tls_client_key")


def main(command: Sequence[str] = (), idle_seconds: float = IDLE_SECONDS) -> None:
    """Serve the home of `Settings()` until idle. Returns when another process serves it."""
    settings = Settings()
    make_folder(settings.engine).chmod(0o700)
    with _only_one(settings) as alone:
        if alone:
            asyncio.run(_serve(settings, tuple(command), idle_seconds))
            while _left(settings):  # handed over while the doors were closing
                asyncio.run(_serve(settings, tuple(command), idle_seconds))


@contextmanager
def _only_one(settings: Settings) -> Iterator[bool]:
    """Whether this process serves the home alone. The kernel lets go of the lock when it dies, however it dies."""
    with (settings.engine / "lock").open("a") as handle:
        deadline = time.monotonic() + START_SECONDS
        # Who holds the lock and has no address is about to have one, or about to let go.
        while not (alone := _lock(handle)) and not read_engine(settings) and time.monotonic() < deadline:
            time.sleep(_WAIT_SECONDS)
        yield alone


def _lock(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _serve(settings: Settings, command: tuple[str, ...], idle_seconds: float) -> None:
    import dask
    from distributed import Scheduler, Security, Worker

    logging.getLogger("distributed").setLevel(logging.WARNING)
    # The HTTP servers that Dask insists on serve nothing, to this machine only.
    dask.config.set({"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []})
    dask.config.set({"distributed.worker.profile.enabled": False})  # the cores are for the training
    security = Security.temporary()
    here: dict[str, Any] = {
        "host": "127.0.0.1",
        "protocol": "tls",
        "dashboard": False,
        "dashboard_address": "127.0.0.1:0",
    }
    scratch, count = settings.engine / "scratch", slots(settings)
    worker = {"nthreads": count, "memory_limit": 0, "local_directory": str(scratch), **here}
    async with (
        Scheduler(port=0, security=security, **here) as scheduler,
        Worker(scheduler.address, security=security, **worker),
    ):
        take_up = partial(_take_up, settings, scheduler.address, security, command)
        await asyncio.to_thread(take_up, "running")  # before anybody else may come: these hold slots already
        file = settings.engine / ENGINE_FILE
        _publish(file, scheduler.address, security, count)
        await asyncio.to_thread(take_up, "queued")
        idle_since = time.monotonic()
        while scheduler.tasks or (time.monotonic() - idle_since < idle_seconds and file.exists()):
            await asyncio.sleep(_TICK_SECONDS)
            if scheduler.tasks or await asyncio.to_thread(take_up, "running", "queued", only=is_abandoned):
                idle_since = time.monotonic()
        file.unlink(missing_ok=True)


def _left(settings: Settings, statuses: Collection[Status] = ACTIVE) -> list[Run]:
    """Runs that somebody has to look after; none while the database is busy, for it is looked at again and again."""
    try:
        return left_here(RunStore(settings), statuses)
    except StoreError:
        return []


def _take_up(
    settings: Settings,
    address: str,
    security: Security,
    command: tuple[str, ...],
    *statuses: Status,
    only: Callable[[Run], bool] = bool,
) -> int:
    """Give the scheduler tickets for the runs of this home that nobody looks after. Returns their number.

    only: which of them; all unless said. Of a running one the process is followed if it is alive; if not, it was lost
    and the run goes on.
    """
    from distributed import Client

    if left := [run for run in _left(settings, statuses) if only(run)]:
        with Client(address, security=security, set_as_default=False) as client:
            enqueue(client, left, settings, command)
    return len(left)


def _publish(file: Path, address: str, security: Security, count: int) -> None:
    """Write the address and the credentials beside and rename, readable by this user only. count: of slots."""
    content = {
        "address": address,
        "process": asdict(process_of()),
        "slots": count,
        "security": {name: getattr(security, name) for name in _TLS},
    }
    descriptor, temporary = tempfile.mkstemp(dir=file.parent)  # made with mode 0600
    with os.fdopen(descriptor, "w") as handle:
        json.dump(content, handle)
    Path(temporary).replace(file)


if __name__ == "__main__":
    main(sys.argv[1:])
