"""The local engine, `python -m mri_core.runs.daemon`: a Dask scheduler and its one worker in one process, one a home.

It takes up what a lost engine left, carries out one run at a time, and ends by itself when it has been idle.
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
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mri_core.runs.engine import enqueue
from mri_core.runs.liveness import ENGINE_FILE, is_here, process_of
from mri_core.runs.store import RunStore
from mri_core.settings import Settings, make_folder

if TYPE_CHECKING:
    from distributed import Security

IDLE_SECONDS = 300.0
_TICK_SECONDS = 1.0
_TLS = ("tls_ca_file", "tls_client_cert", "tls_client_key")


def main(command: Sequence[str] = (), idle_seconds: float = IDLE_SECONDS) -> None:
    """Serve the home of `Settings()` until idle. Returns at once when another process serves it."""
    settings = Settings()
    make_folder(settings.engine).chmod(0o700)
    with _only_one(settings.engine / "lock") as alone:
        if alone:
            asyncio.run(_serve(settings, tuple(command), idle_seconds))


@contextmanager
def _only_one(file: Path) -> Iterator[bool]:
    """Whether this process holds `file` alone. The kernel lets go when the process dies, however it dies."""
    with file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


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
    scratch = settings.engine / "scratch"
    async with (
        Scheduler(port=0, security=security, **here) as scheduler,
        Worker(scheduler.address, nthreads=1, security=security, memory_limit=0, local_directory=str(scratch), **here),
    ):
        waiting = partial(_take_up, settings, scheduler.address, security, command)
        await asyncio.to_thread(waiting, set())
        file = settings.engine / ENGINE_FILE
        _publish(file, scheduler.address, security)
        idle_since = time.monotonic()
        while scheduler.tasks or (time.monotonic() - idle_since < idle_seconds and file.exists()):
            await asyncio.sleep(_TICK_SECONDS)
            if scheduler.tasks or await asyncio.to_thread(waiting, set(scheduler.tasks)):
                idle_since = time.monotonic()
        file.unlink(missing_ok=True)


def _take_up(
    settings: Settings, address: str, security: Security, command: tuple[str, ...], known: Collection[str]
) -> int:
    """Queue the runs of this home that are queued or running but unknown to the scheduler, oldest first; their number.

    A running one is followed to its end if its process is alive, else recorded as failed.
    """
    from distributed import Client

    runs = RunStore(settings).list(statuses=("queued", "running"))
    # The database may be shared with other homes and hosts, whose runs are theirs to carry out.
    missing = [run for run in reversed(runs) if run.id not in known and run.folder.is_dir() and is_here(run)]
    if missing:
        with Client(address, security=security, set_as_default=False) as client:
            for run in sorted(missing, key=lambda run: run.status == "queued"):  # running ones hold the worker already
                enqueue(client, run, settings.environment(), command)
    return len(missing)


def _publish(file: Path, address: str, security: Security) -> None:
    """Write the address and the credentials beside and rename, readable by this user only."""
    content = {"address": address, "process": asdict(process_of()), "security": {n: getattr(security, n) for n in _TLS}}
    descriptor, temporary = tempfile.mkstemp(dir=file.parent)  # made with mode 0600
    with os.fdopen(descriptor, "w") as handle:
        json.dump(content, handle)
    Path(temporary).replace(file)


if __name__ == "__main__":
    main(sys.argv[1:])
