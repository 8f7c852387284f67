"""What a training says of itself, and who goes first."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mri_core.training.process import NICENESS, log

ASK = "from mri_core.training.process import peak_memory_mb; print(peak_memory_mb())"


def test_a_large_parent_does_not_count() -> None:
    held = np.ones(600_000_000, np.uint8)  # touched, so resident
    printed = subprocess.run([sys.executable, "-c", ASK], check=True, capture_output=True, text=True).stdout
    assert 10 < float(printed) < 600 <= held.nbytes / 1e6


def test_what_is_held_counts_and_stays_counted() -> None:
    program = f"import numpy as np; a = np.ones(500_000_000, np.uint8); del a; {ASK}"
    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert float(printed) > 500_000_000 / 2**20


def test_a_log_that_cannot_be_written_stops_nothing(monkeypatch):
    with Path("/dev/full").open("wb", buffering=0) as full:
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(full, write_through=True))
        with pytest.raises(OSError, match="No space left on device"):
            print("epoch 1", flush=True)
        log("epoch 1")
        monkeypatch.undo()


@pytest.mark.parametrize("own_session", [True, False])
def test_a_training_gives_way_and_asks_nobody_else_to(own_session):
    told = "import os; from mri_core.training.process import step_back; step_back(); print(os.nice(0))"
    group = Path("/proc/self/autogroup")
    told += f"; print(open({str(group)!r}).read())" if group.exists() else ""
    before = group.read_text() if group.exists() else ""
    said = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, start_new_session=own_session)
    niceness, *of_group = said.stdout.split("\n")[:2]
    assert int(niceness) == min(19, os.nice(0) + NICENESS), said.stderr
    if group.exists():
        assert of_group[0].endswith(f"nice {NICENESS}") == own_session
        assert group.read_text() == before
