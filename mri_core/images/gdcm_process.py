"""gdcm in a process of its own, for the compressed DICOM pixels that only gdcm decodes.

gdcm is C++ and aborts the whole process on some damaged files: here that ends a child, which the next file starts
again. The child runs this module as a script, so it imports nothing else of the package.
"""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import threading
import warnings
from contextlib import suppress
from typing import BinaryIO, cast

import numpy as np

MAX_SECONDS = 120.0
"""How long one file may take before its decoding counts as hung."""

_LENGTH_BYTES = 8


class GdcmProcess:
    """A child that decodes one file after another. Starts with the first file and ends with its parent; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def decode(self, data: bytes) -> np.ndarray:
        """Pixels of a whole DICOM file as `pydicom.pixels.pixel_array` gives them. Raises ValueError if gdcm cannot."""
        with self._lock:
            if self._child is None or self._child.poll() is not None:
                self._child = _start()
            reply = _ask(self._child, data)
        if not reply:
            raise ValueError("gdcm cannot decode the file")
        return np.load(io.BytesIO(reply), allow_pickle=False)


def _start() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", __file__]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _ask(child: subprocess.Popen[bytes], data: bytes) -> bytes:
    """The child's answer, or b"" if there is none because it died or had to be ended."""
    deadline = threading.Timer(MAX_SECONDS, child.kill)
    deadline.start()
    try:
        _send(cast(BinaryIO, child.stdin), str(_seconds_left()).encode())
        _send(cast(BinaryIO, child.stdin), data)
        return _receive(cast(BinaryIO, child.stdout))
    except (OSError, EOFError):
        child.kill()
        child.communicate()  # closes the pipes and waits
        return b""
    finally:
        deadline.cancel()


def _seconds_left() -> int:
    """How long this process may still compute, at least 1; 0 where nothing limits it."""
    limit = resource.getrlimit(resource.RLIMIT_CPU)[0]
    return 0 if limit == resource.RLIM_INFINITY else max(1, int(limit - _seconds_used()))


def _allow(seconds: int) -> None:
    """Let this process compute so long from now: what it was started with is not enough for many files."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    until = int(_seconds_used()) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until if hard == resource.RLIM_INFINITY else min(until, hard), hard))


def _seconds_used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _send(stream: BinaryIO, message: bytes) -> None:
    stream.write(len(message).to_bytes(_LENGTH_BYTES, "big") + message)
    stream.flush()


def _receive(stream: BinaryIO) -> bytes:
    """One message. Raises EOFError if the other side has gone."""
    prefix = stream.read(_LENGTH_BYTES)
    message = stream.read(int.from_bytes(prefix, "big"))
    if len(prefix) < _LENGTH_BYTES or len(message) < int.from_bytes(prefix, "big"):
        raise EOFError("the other process has gone")
    return message


def _serve() -> None:
    """What the child does until its parent closes the pipe."""
    from pydicom.pixels import pixel_array

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what gdcm prints must not get between the answers
    warnings.simplefilter("ignore")
    while True:
        try:
            seconds = int(_receive(sys.stdin.buffer))
            data = _receive(sys.stdin.buffer)
        except EOFError:
            return
        if seconds:
            _allow(seconds)
        answer = io.BytesIO()
        # Where pydicom refuses the answer is empty; any other exception ends the child, as an abort does.
        with suppress(RuntimeError):
            pixels = pixel_array(io.BytesIO(data), decoding_plugin="gdcm", allow_excess_frames=False)
            np.save(answer, pixels, allow_pickle=False)
        _send(answers, answer.getvalue())


if __name__ == "__main__":
    _serve()
