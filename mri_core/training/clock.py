"""Where a fit stands, when to say so, and when to end."""

from __future__ import annotations

import time
from collections.abc import Callable

from mri_core.runs.run import Progress
from mri_core.training.checkpoint import Checkpoint
from mri_core.training.spec import TrainingSpec

REPORT_SECONDS = 0.5
"""Progress is reported, and a wish to stop is noticed, this often."""


class StopRequestedError(Exception):
    """Raised out of an epoch when the user wants the run to end."""


class Clock:
    """Where the run stands, and when to say so."""

    def __init__(
        self, spec: TrainingSpec, steps: int, on_progress: Callable[[Progress], bool], begun: Checkpoint
    ) -> None:
        """begun: where the fit stands."""
        self._spec, self._on_progress = spec, on_progress
        self._steps, self._images = steps, 0
        self._epoch, self._step, self._best_epoch = begun.epoch, begun.step, begun.best_epoch or 0
        self._reported = time.monotonic()
        self._began, self._epoch_began = (self._reported - past for past in (begun.seconds, begun.epoch_seconds))
        self._warm: tuple[float, int] | None = None  # when the first step, which compiles, was over; steps by then

    @property
    def seconds(self) -> float:
        """Of the whole fit, over every attempt."""
        return time.monotonic() - self._began

    @property
    def epoch_seconds(self) -> float:
        """Of the epoch under way."""
        return time.monotonic() - self._epoch_began

    @property
    def epoch(self) -> int:
        """The one under way, from 1."""
        return self._epoch

    @property
    def step(self) -> int:
        """Steps taken in it."""
        return self._step

    @property
    def over(self) -> bool:
        """Whether the epochs or the patience are used up."""
        return self._epoch > self._spec.epochs or self.patience_left <= 0

    @property
    def patience_left(self) -> int:
        """How many more epochs without improvement are allowed."""
        return self._spec.patience - (self._epoch - 1 - self._best_epoch)

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

    def next_epoch(self, best_epoch: int) -> None:
        """An epoch is over. best_epoch: the one with the lowest validation loss so far."""
        self._epoch, self._step, self._best_epoch = self._epoch + 1, 0, best_epoch
        self._epoch_began = time.monotonic()

    def report(self, phase: str) -> None:
        self._reported = time.monotonic()
        epoch, step = (self._epoch - 1, self._steps) if self.over else (self._epoch, self._step)
        done = (epoch - 1) * self._steps + step
        total = self._spec.epochs * self._steps
        rate = self.images_per_second / self._spec.batch_size
        progress = Progress(
            epoch=epoch,
            epochs=self._spec.epochs,
            step=step,
            steps=self._steps,
            seconds_left=(total - done) / rate if rate else None,
            patience_left=self.patience_left,
            phase=phase,
            updated=time.time(),
        )
        if self._on_progress(progress):
            raise StopRequestedError
