"""One process at a time."""

from __future__ import annotations

import fcntl
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from mri_core.errors import StorageError

_ASK_AGAIN_SECONDS = 0.005


def locked(file: Path, seconds: float | None = None) -> TextIO:
    """Hold `file`, created if needed, against every other process and thread, as in `with locked(file):`.

    It is released at the block's end, and when the holder dies.
    seconds: how long to wait for another holder, who may be frozen; for ever by default.
    Raises StorageError when it cannot be created or locked, or the time is over.
    """
    try:
        handle = file.open("a")
    except OSError as error:
        raise StorageError(f"cannot create {file}: {error.strerror or error}; free or allow space there") from error
    try:
        _wait_for(handle, seconds)
    except BlockingIOError as error:
        handle.close()
        raise StorageError(
            f"{file} has been held by another process for {seconds:.0f} s; wait, or end that one if it is frozen"
        ) from error
    except OSError as error:  # such as of a file server that restarts, or that keeps no locks
        with suppress(OSError):  # the same server, asked once more
            handle.close()
        raise StorageError(f"cannot lock {file}: {error.strerror or error}; make its file system work again") from error
    return handle


def _wait_for(handle: TextIO, seconds: float | None) -> None:
    if seconds is None:
        fcntl.flock(handle, fcntl.LOCK_EX)
        return None
    deadline = time.monotonic() + seconds
    while True:  # the system knows no waiting for so long
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
        time.sleep(_ASK_AGAIN_SECONDS)
