"""What a training is as a process: it gives way to others, writes a log, and knows its memory."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path

NICENESS = 10
"""Steps behind other programs: pages answer within a second because of it, and an idle machine trains as fast."""


def step_back() -> None:
    """Let other programs go first."""
    os.nice(NICENESS)
    if os.getsid(0) == os.getpid():
        # Linux may share the processor among sessions first (autogroups, see sched(7)), and niceness counts within one.
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(NICENESS))


def log(line: str) -> None:
    """To the run's log, without which a training goes on: the disk may be full."""
    with suppress(OSError):
        print(line, flush=True)


def peak_memory_mb() -> float:
    """The most memory this process has held at once.

    Linux names it in the process's status; what `getrusage` says there includes the parent's at the process's start.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # bytes on macOS
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
