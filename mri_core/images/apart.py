"""Reading a stranger's file apart from this process: in a child with little memory, little time and no network.

What comes back is numbers and text that are checked; whatever the file does to the libraries that read it, it does
there.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, BinaryIO, TypeVar, cast

from mri_core.errors import ImageError
from mri_core.images.answer import told_members, told_slices
from mri_core.images.framing import receive_header, send
from mri_core.images.limits import LIMITS, check_bytes, held_bytes, refuse
from mri_core.images.preprocessing import STANDARD, Preprocessing
from mri_core.images.slice import Slice

CHILDREN = 2
"""Files that are read at once."""

_PROGRAM = "from mri_core.images.reader_process import main; main()"
_Answer = TypeVar("_Answer")


def read_apart(data: bytes, name: str, preprocessing: Preprocessing = STANDARD) -> list[Slice]:
    """As `images.read_slices`, in a child. Raises ImageError, also for a file that takes too long or ends the child."""
    check_bytes(name, len(data), "file_mb")
    reader = _idle.get()
    try:
        return reader.read(data, name, preprocessing)
    finally:
        _idle.put(reader)


def unpack_apart(data: bytes, name: str) -> list[tuple[str, bytes]]:
    """As `archive.unpack`, in a child: the files in a zip, each with its path inside. Raises ImageError likewise.

    All of them are held here, so they may be no more than `limits.held_bytes`.
    """
    check_bytes(name, len(data), "file_mb")
    reader = _idle.get()
    try:
        return reader.unpack(data, name)
    finally:
        _idle.put(reader)


class _Reader:
    """One child, started when it is first needed and again after it has ended."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def read(self, data: bytes, name: str, preprocessing: Preprocessing) -> list[Slice]:
        return self._ask({"preprocessing": preprocessing.model_dump()}, data, name, told_slices)

    def unpack(self, data: bytes, name: str) -> list[tuple[str, bytes]]:
        return self._ask({}, data, name, partial(told_members, room=held_bytes(len(data))))

    def _ask(self, request: dict[str, Any], data: bytes, name: str, told: Callable[[BinaryIO], _Answer]) -> _Answer:
        child = self._running()
        late = threading.Timer(LIMITS.seconds, _end, [child])
        late.start()
        try:
            send(cast(BinaryIO, child.stdin), {"name": name, "bytes": len(data), **request}, [data])
            return told(cast(BinaryIO, child.stdout))
        except (OSError, EOFError) as error:
            self.end()
            raise refuse(
                name,
                f"it could not be read within {LIMITS.seconds} seconds and the memory for it, or ended the reader",
                "a file that is not damaged",
            ) from error
        finally:
            late.cancel()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._child = _start()
        return self._child

    def end(self) -> None:
        if self._child is not None:
            _end(self._child)
            self._child.communicate()  # closes the pipes and waits
            self._child = None


def _start() -> subprocess.Popen[bytes]:
    # A session of its own: what the child starts ends with it. One thread: each costs address space.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    child = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=environment,
    )
    try:
        receive_header(cast(BinaryIO, child.stdout))  # it is confined from here on
    except EOFError as error:
        _end(child)
        child.communicate()
        most = LIMITS.most("memory_mb")
        raise ImageError(f"the process that reads files does not start; expected that it can take {most}") from error
    return child


def _end(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


_readers = [_Reader() for _ in range(CHILDREN)]
_idle: SimpleQueue[_Reader] = SimpleQueue()
for _reader in _readers:
    _idle.put(_reader)


@atexit.register
def _end_all() -> None:
    for reader in _readers:
        reader.end()
