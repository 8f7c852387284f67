"""Programs of ours that look at what is imported, each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress


def start_child(program: str, stdin: int, stdout: int) -> subprocess.Popen[bytes]:
    """Start a program in a fresh interpreter. stdin, stdout: as `subprocess.Popen` takes them.

    In a session of its own: what the child starts ends with it, and Ctrl-C does not reach it. No errors are printed: it
    may write to no file, which may be what they go to, and they may quote patients. One thread: each costs address
    space.
    """
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )


def end_child(child: subprocess.Popen[bytes]) -> None:
    """End a child and all that it has started, at once; close what leads to it, and wait."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
