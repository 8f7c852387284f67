"""Who looks after runs on several hosts: each holder of a claim lets its run's beat grow, and everybody listens.

Hosts' clocks differ, so a beat is a number and not a time: a listener measures the silence by a clock of its own.
With the local engine there is nothing to do here: its processes can be seen.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mri_core.errors import InvalidInput, MriError, NotFound, StoreError
from mri_core.runs.attempts import Mark, beat, mark_of, take_over
from mri_core.runs.changes import has_folder
from mri_core.runs.liveness import process_of
from mri_core.runs.patience import patiently
from mri_core.runs.run import Claim, Run, Status
from mri_core.runs.store import RunStore

BEAT_SECONDS = 5.0
LISTEN_SECONDS = 2.0
SILENT_SECONDS = 25.0
"""Whose beat has stood still for so long is taken for lost."""
DEAF_SECONDS = 12.0
"""Whoever has not listened for so long, asleep or without the database, knows nothing of a silence before."""

_ACTIVE: tuple[Status, ...] = ("queued", "running")

Lost = Callable[[Run], None]
"""Records what becomes of a run whose holder is lost; the run is claimed for the caller by then."""


@dataclass
class _Heard:
    mark: Mark
    since: float
    last: float


@dataclass
class Listener:
    """What one process has heard of the others. clock: in seconds, never set back."""

    clock: Callable[[], float] = time.monotonic
    _heard: dict[str, _Heard] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def silent(self, runs: Sequence[Run]) -> list[Run]:
        """Of runs as they stand now, those whose holder has been silent for SILENT_SECONDS while this one listened."""
        with self._lock:
            now, before = self.clock(), self._heard
            self._heard = {}
            for run in runs:
                known = before.get(run.id)
                if known is None or known.mark != mark_of(run) or now - known.last > DEAF_SECONDS:
                    known = _Heard(mark_of(run), now, now)
                self._heard[run.id] = _Heard(known.mark, known.since, now)
            return [run for run in runs if now - self._heard[run.id].since >= SILENT_SECONDS]


_listeners: defaultdict[Path, Listener] = defaultdict(Listener)
"""This process's, by home."""


@contextmanager
def beating(store: RunStore, run: Run) -> Iterator[None]:
    """Within the block, show every BEAT_SECONDS that the run's claim is of somebody alive."""
    if not store.settings.scheduler or run.claim is None:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(
        target=repeat, args=(BEAT_SECONDS, partial(beat, store, run.id, run.claim), over), name="beat", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def repeat(seconds: float, action: Callable[[], object], over: threading.Event) -> None:
    """Do something every so many seconds; where it fails, try again the next time."""
    while not over.wait(seconds):
        with suppress(MriError, OSError):  # database or disk are away for once; deleted, or gone on elsewhere
            action()


def listen(store: RunStore, lost: Lost, listener: Listener | None = None) -> list[Run]:
    """Look once at who holds the runs of this home, and take over those of the lost. Returns these.

    One look alone finds nobody lost: it takes several by the same process, over SILENT_SECONDS and without a long gap.
    """
    if not store.settings.scheduler:
        return []
    here, taken = process_of(), []
    held = [
        run
        for run in store.list(statuses=_ACTIVE, claimed=True)
        if run.claim and run.claim.process != here and has_folder(run)  # other homes' runs are theirs
    ]
    for run in (listener or _listeners[store.settings.root]).silent(held):
        with suppress(NotFound, InvalidInput, StoreError):  # deleted, or ended now; frozen while it held the run's lock
            if take_over(store, run, Claim(here, "of a lost one")):
                lost(run)
                taken.append(run)
    return taken


def await_verdict(store: RunStore, ticket: str, lost: Lost) -> None:
    """For a ticket that comes once more, because its first holder is cut off: wait until it has beaten or is lost."""
    waited_for, listener = _held_elsewhere(store, ticket), Listener()
    while waited_for & _held_elsewhere(store, ticket):
        time.sleep(LISTEN_SECONDS)
        with suppress(StoreError):
            listen(store, lost, listener)


def _held_elsewhere(store: RunStore, ticket: str) -> set[tuple[str, Mark]]:
    runs = patiently(lambda: store.list(statuses=_ACTIVE, claimed=True))
    host = socket.gethostname()
    return {
        (run.id, mark_of(run))
        for run in runs
        if run.claim and run.claim.ticket == ticket and run.claim.process.host != host
    }
