"""What a process gives up before it looks at a stranger's bytes: memory, time, new files, the network.

Libraries that decode images are large and written in C; a hole in one of them should reach nothing that is worth
reaching. What the system does not offer is left out: limits are POSIX, a network of its own is Linux.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

from mri_core.images.limits import LIMITS, MB

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h


def confine(memory_mb: int = LIMITS.memory_mb) -> bool:
    """Limit this process's memory, keep it from writing files, and take the network away.

    Call it before any thread starts. Returns whether the network is gone; on systems without namespaces it is not.
    """
    left = leave_network()
    memory = memory_mb * MB
    for limit, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (most, most))
    return left


def limit_data(memory_mb: int) -> None:
    """Limit what this process and those it starts may hold each, beside the files they map, which may be larger."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb * MB, memory_mb * MB))


def allow_time(seconds: int = LIMITS.seconds) -> None:
    """Let this process compute so long from now; the system ends it then."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + 1 + seconds
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (until if hard == resource.RLIM_INFINITY else min(until, hard), hard))


def leave_network() -> bool:
    """Move into a network namespace of its own, in which there is no interface but a loopback that is down.

    Call it before any thread starts. Returns whether that was possible; files stay this user's own.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None)
    if libc.unshare(_CLONE_NEWNET) == 0:  # who runs as root needs no more
        return True
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    with suppress(OSError):  # the same user inside, else its own files would be a stranger's
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return True
