"""Disks that are full or broken, for one process: see faults.c."""

from __future__ import annotations

import ctypes
import errno
import shutil
import subprocess
from pathlib import Path

COMPILER = shutil.which("cc")
FAULTS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO}
"""A full disk stays full until room is made; a broken one fails once."""


def compile_library(folder: Path) -> Path:
    """The library to preload, made in `folder`."""
    library = folder / "faults.so"
    source = Path(__file__).with_name("faults.c")
    subprocess.run([COMPILER or "cc", "-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"], check=True)
    return library


def faulty(
    library: Path, under: Path, at: int = 0, fault: str = "ENOSPC", until: Path | None = None, said: Path | None = None
) -> dict[str, str]:
    """The environment of a process whose write number `at` beneath `under` fails; 0 for none.

    until: a file that exists for as long as the disk is full. said: where each write is noted.
    """
    found = {
        "LD_PRELOAD": str(library),
        "MRI_FAULT_UNDER": str(under.resolve()),
        "MRI_FAULT_AT": str(at),
        "MRI_FAULT_ERRNO": str(FAULTS[fault]),
    }
    if until is not None and fault == "ENOSPC":
        found["MRI_FAULT_WHILE"] = str(until)
    return found | ({"MRI_FAULT_SAID": str(said)} if said else {})


def arm(library: Path, at: int, fault: str = "ENOSPC") -> int:
    """Let write number `at` of this process fail from now on; 0 for none. Returns how many there were before."""
    return int(ctypes.CDLL(str(library)).arm(ctypes.c_long(at), FAULTS[fault], int(fault == "ENOSPC")))
