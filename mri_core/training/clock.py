"""Where a fit stands, when to say so, and when to end."""

from __future__ import annotations

import time
from collections.abc import Callable

from mri_core.runs.run import Progress
from mri_core.training.spec import TrainingSpec

REPORT_SECONDS = 0.5
"""Progress is reported, and a wish to stop is noticed, this often."""


class StopRequestedError(Exception):
    """Raised out of an epoch when the user wants the run to end."""


class Clock:
    """Where the run stands, and when to say so."""

    def __init__(self, spec: TrainingSpec, steps: int, on_progress: Callable[[Progress], bool]) -> None:
        self._spec, self._on_progress = spec, on_progress
        self._steps = steps
        self._epoch, self._step, self._images, self._patience_left = 1, 0, 0, spec.patience
        self._began = self._reported = time.monotonic()
        self._warm: tuple[float, int] | None = None  # when the first step, which compiles, was over; steps by then

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def images_per_second(self) -> float:
        """Of training steps and validation together, without the first step."""
        if self._warm is None or self._images <= self._warm[1]:
            return 0.0
        return (self._images - self._warm[1]) / (time.monotonic() - self._warm[0])

    def tick(self, images: int) -> None:
        self._step += 1
        self._images += images
        if self._warm is None:
            self._warm = (time.monotonic(), images)
        if time.monotonic() - self._reported >= REPORT_SECONDS:
            self.report("training")

    def next_epoch(self, epoch: int, best_epoch: int) -> int:
        """Returns how many more epochs without improvement are allowed."""
        self._patience_left = self._spec.patience - (epoch - best_epoch)
        if epoch < self._spec.epochs and self._patience_left > 0:
            self._epoch, self._step = epoch + 1, 0
        self.report("training")
        return self._patience_left

    def report(self, phase: str) -> None:
        self._reported = time.monotonic()
        done = (self._epoch - 1) * self._steps + self._step
        total = self._spec.epochs * self._steps
        rate = self.images_per_second / self._spec.batch_size
        progress = Progress(
            epoch=self._epoch,
            epochs=self._spec.epochs,
            step=self._step,
            steps=self._steps,
            seconds_left=(total - done) / rate if rate else None,
            patience_left=self._patience_left,
            phase=phase,
            updated=time.time(),
        )
        if self._on_progress(progress):
            raise StopRequestedError
