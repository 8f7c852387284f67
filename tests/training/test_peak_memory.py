"""The peak of memory is this process's own."""

import subprocess
import sys

import numpy as np

ASK = "from mri_core.training.worker import peak_memory_mb; print(peak_memory_mb())"


def test_a_large_parent_does_not_count() -> None:
    held = np.ones(600_000_000, np.uint8)  # touched, so resident
    printed = subprocess.run([sys.executable, "-c", ASK], check=True, capture_output=True, text=True).stdout
    assert 10 < float(printed) < 600 <= held.nbytes / 1e6


def test_what_is_held_counts_and_stays_counted() -> None:
    program = f"import numpy as np; a = np.ones(500_000_000, np.uint8); del a; {ASK}"
    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert float(printed) > 500_000_000 / 2**20
