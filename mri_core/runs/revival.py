"""What was left behind is looked after again, by whoever looks: a page that shows it, or a command."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial

from mri_core.errors import EngineError, StorageError
from mri_core.runs.changes import has_folder
from mri_core.runs.engine import client_of, enqueue, leave_alone, start_daemon
from mri_core.runs.heartbeat import listen
from mri_core.runs.liveness import age, frozen_engine, read_engine
from mri_core.runs.order import left_here
from mri_core.runs.run import Run, Status
from mri_core.runs.store import RunStore
from mri_core.runs.supervise import hand_on
from mri_core.settings import Settings, make_folder

LOOKED_FILE = "looked"
REVIVE_SECONDS = 20.0
"""Whether a lost engine has left runs is looked at so often."""
HANDING_SECONDS = 30.0
"""A run that was queued later than this is being handed over by whoever queued it."""

_ACTIVE: tuple[Status, ...] = ("queued", "running")


def revive(settings: Settings) -> bool:
    """Start the local engine again where a lost one left runs of this home that wait for it, or that it looked after.

    A scheduler elsewhere, which knows of nothing after a restart, is given all of them again; those of a host that has
    fallen silent go on with their next attempts.

    Pages that show such runs call this as often as they like: it looks once in REVIVE_SECONDS, and does not wait for
    the engine. Returns whether one was started, or given something.
    """
    if settings.scheduler:
        listen(RunStore(settings), partial(hand_on, settings.environment(), ()))
    elif read_engine(settings) and not frozen_engine(settings):
        return False
    looked = settings.engine / LOOKED_FILE
    if age(looked) < REVIVE_SECONDS:
        return False
    try:
        make_folder(settings.engine).chmod(0o700)
        looked.touch()
    except (OSError, StorageError):
        return False  # nothing can be trained in a home that cannot be written
    return _hand_in(settings) if settings.scheduler else _start_again(settings)


def is_abandoned(run: Run) -> bool:
    """Of a run that nobody looks after: whether somebody has to, and nobody is about to.

    A running one that never had a claim is left alone: whoever started it without an engine will see to its end.
    """
    waits = time.time() - run.created.timestamp()
    return run.claim is not None or (run.status == "queued" and waits > HANDING_SECONDS)


def _start_again(settings: Settings) -> bool:
    if frozen_engine(settings) or any(is_abandoned(run) for run in left_here(RunStore(settings), _ACTIVE)):
        with suppress(EngineError):  # the disk is full: whoever looks next tries again
            leave_alone(start_daemon(settings, ()))
            return True
    return False


def _hand_in(settings: Settings) -> bool:
    """Tickets for all runs of this home: a scheduler that was started again knows of none.

    A ticket that the scheduler still has stays the only one. With any other, a worker finds that the run is looked
    after, or sees to it.
    """
    runs = RunStore(settings).list(statuses=_ACTIVE)
    left = [run for run in runs if has_folder(run) and is_abandoned(run)]
    with suppress(EngineError):  # it is away still
        if left:
            with client_of(settings) as client:
                enqueue(client, left, settings, ())
            return True
    return False
