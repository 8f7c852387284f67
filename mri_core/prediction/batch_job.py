"""A batch of files being answered in a thread of this process: how far it is, a way to stop it, and what it found."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import cached_property

from mri_core.prediction.answers import FileAnswer
from mri_core.prediction.batch import Answered, Named, answer_many, merge_series
from mri_core.prediction.batch_result import BatchResult, result_of
from mri_core.prediction.predictor import Predictor


@dataclass(frozen=True)
class Progress:
    """How far a batch is. files: answered, of those expected, which grow when a zip is opened. slices: predicted.

    share: of the work, in [0, 1]. seconds: since the first file was begun.
    """

    files: int
    expected: int
    slices: int
    share: float
    seconds: float

    @property
    def slices_a_second(self) -> float:
        return self.slices / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None before the first files are answered."""
        return self.seconds * (1 - self.share) / self.share if self.share else None


class BatchJob:
    """One batch and one model. Every method may be called at any time, from any thread."""

    def __init__(self, predictor: Predictor, files: Sequence[Named]) -> None:
        """Begin at once."""
        self._predictor = predictor
        self._answers: list[FileAnswer] = []
        self._began = time.monotonic()
        self._progress = Progress(0, len(files), 0, 0.0, 0.0)
        self._cancelled = threading.Event()
        thread = ThreadPoolExecutor(1, "batch")
        self._work: Future[None] = thread.submit(self._answer, files)
        thread.shutdown(wait=False)

    @property
    def running(self) -> bool:
        return not self._work.done()

    @property
    def stopped(self) -> bool:
        """Whether it has ended, or will in a moment, before all files were answered."""
        return self._cancelled.is_set() and self._progress.files < self._progress.expected

    @property
    def progress(self) -> Progress:
        return self._progress

    def cancel(self) -> None:
        """Read no more files. What has been answered is kept."""
        self._cancelled.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long. Returns whether it has come."""
        wait([self._work], seconds)
        return not self.running

    @cached_property
    def result(self) -> BatchResult:
        """What was found, once it has ended. Raises what ended it early, where something did."""
        self._work.result()
        return result_of(self._predictor.description, merge_series(self._answers))

    def _answer(self, files: Sequence[Named]) -> None:
        for found in answer_many(self._predictor, files, self._cancelled.is_set):
            self._add(found)

    def _add(self, found: Answered) -> None:
        self._answers += found.answers
        before = self._progress
        self._progress = replace(
            before,
            files=before.files + len(found.answers),
            expected=before.expected + found.more,
            slices=before.slices + sum(len(one.predictions) for one in found.answers),
            share=before.share + found.share,
            seconds=time.monotonic() - self._began,
        )
