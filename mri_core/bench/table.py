"""`MEASUREMENTS`: everything `mri bench` measures. A new measurement is one function and one line here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mri_core.bench.browsing import browsing
from mri_core.bench.evidence import evidence
from mri_core.bench.importing import importing
from mri_core.bench.predicting import predicting
from mri_core.bench.record import Measurement
from mri_core.bench.reruns import reruns
from mri_core.bench.serving import serving
from mri_core.bench.session import Bench
from mri_core.bench.starting import dashboard, start_of_run
from mri_core.bench.streaming import streaming
from mri_core.bench.time_to_f1 import time_to_f1
from mri_core.bench.training import training


@dataclass(frozen=True)
class Entry:
    """A function of MEASUREMENTS, and the seconds that a turn of all its sides takes about: quickly, and in full.

    They only weigh the progress bar: a wrong one makes its time left less true, and nothing else.
    """

    measure: Callable[[Bench], Sequence[Measurement]]
    quick: float
    full: float


MEASUREMENTS: dict[str, Entry] = {
    "training": Entry(training, 45, 180),
    "streaming": Entry(streaming, 0, 110),
    "time-to-f1": Entry(time_to_f1, 0, 600),
    "dashboard": Entry(dashboard, 5, 3),
    "start-of-run": Entry(start_of_run, 40, 55),
    "reruns": Entry(reruns, 20, 25),
    "browsing": Entry(browsing, 20, 60),
    "import": Entry(importing, 6, 25),
    "prediction": Entry(predicting, 20, 25),
    "serving": Entry(serving, 30, 80),
    "evidence": Entry(evidence, 20, 12),
}
