"""What the tests of runs share: stand-ins for trainings, and patience."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from mri_core.runs.store import RunStore
from mri_core.training.spec import TrainingSpec

LABELS = ("label 1", "cyst, left", "größe/mm")
STUB = Path(__file__).with_name("stub_training.py")


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Fails when `condition` has not come true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def stub(mode: str) -> tuple[str, ...]:
    """The command of a stand-in for the training worker; see stub_training.py."""
    return (sys.executable, str(STUB), mode)


def queue(store: RunStore, **spec: object) -> str:
    """The id of a new queued run."""
    return store.create(TrainingSpec.model_validate(spec), "demo", "f00d", LABELS).id


def end_processes(home: Path) -> None:
    """Kill what serves this test's own home: engines and stubs."""
    for process in psutil.process_iter(["pid"]):
        try:
            if process.pid != os.getpid() and process.environ().get("MRI_HOME") == str(home):
                process.kill()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
