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
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, BinaryIO, cast

import numpy as np

from mri_core.errors import ImageError
from mri_core.images.confine import SECONDS
from mri_core.images.framing import receive, receive_header, send
from mri_core.images.limits import MAX_FILE_BYTES, MAX_FILE_PIXELS, MAX_SLICES, refuse
from mri_core.images.preprocessing import STANDARD, Preprocessing
from mri_core.images.slice import Slice

CHILDREN = 2
"""Files that are read at once."""
FILES_A_CHILD = 200
"""After so many a child is replaced, whatever it has kept."""

_PROGRAM = "from mri_core.images.reader_process import main; main()"


def read_apart(data: bytes, name: str, preprocessing: Preprocessing = STANDARD) -> list[Slice]:
    """As `images.read_slices`, in a child. Raises ImageError, also for a file that takes too long or ends the child."""
    if len(data) > MAX_FILE_BYTES:
        raise refuse(name, f"the file has {len(data):,} bytes", f"at most {MAX_FILE_BYTES:,}")
    reader = _idle.get()
    try:
        return reader.read(data, name, preprocessing)
    finally:
        _idle.put(reader)


class _Reader:
    """One child, started when it is first needed and again after it has ended."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._files = 0

    def read(self, data: bytes, name: str, preprocessing: Preprocessing) -> list[Slice]:
        child = self._running()
        late = threading.Timer(SECONDS, _end, [child])
        late.start()
        try:
            request = {"name": name, "bytes": len(data), "preprocessing": preprocessing.model_dump()}
            send(cast(BinaryIO, child.stdin), request, [data])
            return _slices(cast(BinaryIO, child.stdout))
        except (OSError, EOFError) as error:
            self.end()
            raise refuse(
                name,
                f"it could not be read within {SECONDS} seconds and the memory for it, or ended the reader",
                "a file that is not damaged",
            ) from error
        finally:
            late.cancel()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._files >= FILES_A_CHILD:
            self.end()
        if self._child is None or self._child.poll() is not None:
            self._child, self._files = _start(), 0
        self._files += 1
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
    receive_header(cast(BinaryIO, child.stdout))  # it is confined from here on
    return child


def _end(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _slices(stream: BinaryIO) -> list[Slice]:
    """The answer of a child, which is believed no more than the file was."""
    header = receive_header(stream)
    if "error" in header:
        raise ImageError(" ".join(str(header["error"]).split()))
    told = header.get("slices")
    if not isinstance(told, list) or not 0 < len(told) <= MAX_SLICES:
        raise EOFError("the other process sends no slices")
    shapes = [_shape(one) for one in told]
    if sum(height * width for height, width, *_ in shapes) > MAX_FILE_PIXELS:
        raise EOFError("the other process sends too many pixels")
    return [
        Slice(
            np.frombuffer(receive(stream, int(np.prod(shape))), np.uint8).reshape(shape),
            str(one["source"]),
            None if one["patient"] is None else str(one["patient"]),
            None if one["position"] is None else float(one["position"]),
        )
        for one, shape in zip(told, shapes, strict=True)
    ]


def _shape(told: Any) -> tuple[int, ...]:
    shape = tuple(int(side) for side in told["shape"])
    if len(shape) not in (2, 3) or shape[2:] not in ((), (3,)) or min(shape) < 1:
        raise EOFError("the other process sends no slices")
    return shape


_readers = [_Reader() for _ in range(CHILDREN)]
_idle: SimpleQueue[_Reader] = SimpleQueue()
for _reader in _readers:
    _idle.put(_reader)


@atexit.register
def _end_all() -> None:
    for reader in _readers:
        reader.end()
