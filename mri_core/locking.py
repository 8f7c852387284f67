"""One process at a time."""

from __future__ import annotations

import fcntl
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from mri_core.errors import StorageError


def locked(file: Path) -> TextIO:
    """Hold `file`, created if needed, against every other process and thread, as in `with locked(file):`.

    It is released at the block's end, and when the holder dies. Raises StorageError when it cannot be created or
    locked.
    """
    try:
        handle = file.open("a")
    except OSError as error:
        raise StorageError(f"cannot create {file}: {error.strerror or error}; free or allow space there") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:  # such as of a file server that restarts, or that keeps no locks
        with suppress(OSError):  # the same server, asked once more
            handle.close()
        raise StorageError(f"cannot lock {file}: {error.strerror or error}; make its file system work again") from error
    return handle
