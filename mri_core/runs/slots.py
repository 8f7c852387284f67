"""How many runs a machine trains at once, and what each of them gets of it."""

from __future__ import annotations

import fcntl
import os
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from mri_core.settings import Settings, make_folder

GPUS = Path("/proc/driver/nvidia/gpus")
VISIBLE = "CUDA_VISIBLE_DEVICES"
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
"""What TensorFlow takes its numbers of threads from: within an operation, and of operations at once."""


@dataclass(frozen=True)
class Slot:
    """What a training process is started with: variables of its environment, and files that it holds open."""

    environment: dict[str, str] = field(default_factory=dict)
    files: tuple[int, ...] = ()


def slots(settings: Settings) -> int:
    """Runs at once: `MRI_SLOTS`, else one for each GPU, else one."""
    return settings.slots or len(gpus()) or 1


def threads(settings: Settings, taken: int | None = None) -> int:
    """Processor threads of a training: `MRI_THREADS`, else the cores that it takes (`CPU` of its resources), else an
    equal share of the cores, at least one.

    No core is kept free for the dashboard, because trainings stand behind it in the queue for every core.
    """
    return settings.threads or taken or max(1, cores() // slots(settings))


def cores() -> int:
    """Processor cores that this process may use, where the system (macOS does not) tells; else all of them."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus() -> list[str]:
    """The GPUs that trainings may use, as CUDA names them: those of `CUDA_VISIBLE_DEVICES`, else all of NVIDIA's.

    Asks the driver's files, because asking TensorFlow would load it and take memory on each of them.
    """
    if (chosen := os.environ.get(VISIBLE)) is not None:
        return [name for name in map(str.strip, chosen.split(",")) if name not in ("", "-1")]
    found = []
    for file in sorted(GPUS.glob("*/information")):
        with suppress(OSError):
            found += re.findall(r"^GPU UUID:\s*(GPU-[\w-]+)", file.read_text(), re.MULTILINE)
    return found


@contextmanager
def taken_slot(settings: Settings, engine: Path, taken: int | None = None) -> Iterator[Slot]:
    """A slot of this machine for a process to start, which on GPUs sees one that no other process has.

    engine: the folder whose lock files say which GPUs are taken. A process holds its file open, so the kernel gives the
    GPU back when the process ends, however it ends and whoever looked after it.
    taken: see `threads`.
    """
    environment = dict.fromkeys(THREADS, str(threads(settings, taken)))
    devices = gpus()
    with ExitStack() as opened:
        files: tuple[int, ...] = ()
        if devices:
            number, files = _free(slots(settings), make_folder(engine), opened)
            environment[VISIBLE] = devices[number % len(devices)]
        yield Slot(environment, files)


def _free(count: int, folder: Path, opened: ExitStack) -> tuple[int, tuple[int, ...]]:
    for number in range(count):
        # Machines may share the folder.
        file = opened.enter_context((folder / f"slot {number} of {socket.gethostname()}").open("a"))
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number, (file.fileno(),)
    return 0, ()
