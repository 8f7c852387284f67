"""What a Dask worker does for one run: starts its training process, sees it to its end, records what it did not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

import psutil

from mri_core.errors import EngineError, MriError, NotFound, StoreError, Superseded
from mri_core.runs.attempts import requeue
from mri_core.runs.heartbeat import await_verdict, beating
from mri_core.runs.liveness import LOG, find_process, is_frozen, process_of, with_log
from mri_core.runs.order import take_next
from mri_core.runs.patience import patiently
from mri_core.runs.run import Run
from mri_core.runs.slots import taken_slot
from mri_core.runs.store import RunStore
from mri_core.settings import Settings, amounts

GRACE_SECONDS = 30.0
"""A training hears a wish to stop within a second; one that trains on for so long is ended."""
SAVING_SECONDS = 600.0
"""How long a run that was asked to stop may take to judge its last epoch and to save its model, before it is ended."""
FROZEN_SECONDS = 20.0
"""A process that the system has kept from running for so long is taken for lost."""
MOST_LOSSES = 3
"""So many times in a row a run goes on after its process was lost without having finished an epoch."""

_POLL_SECONDS = 2.0  # between looks for a requested stop; an end is noticed at once
_KILL_SECONDS = 10.0
_AT_WORK = ("validating", "saving")  # phases whose end a stop waits for


def supervise(
    ticket: str, environment: Mapping[str, str], command: Sequence[str] = (), grace_seconds: float = GRACE_SECONDS
) -> None:
    """Carry the next queued run to its end, or follow one whose process a lost supervisor left behind.

    A run whose process is lost, killed or frozen, is queued again and goes on where it was, at most MOST_LOSSES times
    in a row without a finished epoch between.
    ticket: the id of a submitted run; which one is next is decided only now (`take_next`).
    environment: `Settings.environment()` of whoever submitted the run, with the run's resources.
    command: the program to run with the run's id and its attempt as its last arguments; by default the training worker.
    """
    settings = Settings.model_validate(environment)
    store = RunStore(settings)
    if settings.scheduler:
        from mri_core.runs.listening import begin_to_listen

        begin_to_listen(settings)
        await_verdict(store, ticket, partial(hand_on, environment, command))
    while run := patiently(lambda: take_next(store, ticket)):
        own = RunStore(settings, run.attempt)
        try:
            with beating(own, run):
                if _carry(own, run, environment, command, grace_seconds).ended:
                    return
        except NotFound:
            return  # deleted meanwhile
        except Superseded:
            continue  # taken for lost, it has gone on elsewhere


def hand_on(environment: Mapping[str, str], command: Sequence[str], run: Run) -> None:
    """Let a run go on whose supervisor on another host is lost: it is queued again, and given a ticket."""
    from mri_core.runs.engine import submit

    settings = Settings.model_validate(environment)
    if patiently(lambda: _record_end(RunStore(settings), run.id, None)).status == "queued":
        with suppress(EngineError):  # the scheduler is away; whoever looks at the queue hands the run in
            submit(run.id, settings, command)


def _carry(
    store: RunStore, run: Run, environment: Mapping[str, str], command: Sequence[str], grace_seconds: float
) -> Run:
    """See a run through until it has ended, or is queued again because its process was lost."""
    process, ending = _alive(store, run), None
    if process is None and run.status == "queued" and run.process is None:  # else that one was lost as it started
        process = _launch(store, run, environment, command)
    while process:
        ending = _follow(store, run.id, process, grace_seconds)
        # One that a lost supervisor launched may have won.
        process = _alive(store, patiently(lambda: store.get(run.id)))
    return patiently(lambda: _record_end(store, run.id, ending))


def _alive(store: RunStore, run: Run) -> psutil.Process | None:
    """The process of this attempt; what another one does is no affair of this supervisor's."""
    return find_process(run.process) if run.process and not run.ended and run.attempt == store.attempt else None


def _launch(store: RunStore, run: Run, environment: Mapping[str, str], command: Sequence[str]) -> psutil.Process | None:
    """A fresh process in a session of its own, so that it outlives this one; None when it cannot be started."""
    command = [*(command or (sys.executable, "-m", "mri_core.training.worker")), run.id, str(run.attempt)]
    try:
        # How many slots there are is this machine's own affair, whoever submitted the run.
        with (
            (run.folder / LOG).open("ab") as log,
            taken_slot(Settings(), store.settings.engine, _cores(store, run)) as slot,
        ):
            process = psutil.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **environment, **slot.environment},
                pass_fds=slot.files,
            )
    except (OSError, MriError) as error:
        reason = f"cannot start the training process: {error}"
        patiently(lambda: store.finish(run.id, "failed", error=reason))
        return None
    with suppress(StoreError, Superseded, psutil.NoSuchProcess):  # what is superseded is ended in a moment
        store.assign(run.id, process_of(process.pid))
    return process


def _cores(store: RunStore, run: Run) -> int | None:
    """Of a cluster's worker, where the run says how many it takes."""
    taken = amounts(run.resources).get("CPU", 0) if store.settings.scheduler else 0
    return max(1, int(taken)) if taken else None


def _follow(store: RunStore, run_id: str, process: psutil.Process, grace_seconds: float) -> int | None:
    """Wait for the end, forcing it when a requested stop takes too long, or when the process has been frozen.

    Returns the exit status of a child of ours.
    """
    signals = [signal.SIGKILL, signal.SIGTERM]
    asked = excused = frozen = None
    while True:
        try:
            return process.wait(_POLL_SECONDS)
        except psutil.TimeoutExpired:
            pass
        now = time.monotonic()
        frozen = (frozen or now) if is_frozen(process) else None
        if frozen and now - frozen > FROZEN_SECONDS:
            _send(process, signal.SIGKILL)  # before anything else: it may hold the database
        with suppress(StoreError):  # busy for once: ask again in a moment
            run = store.get(run_id)
            if run.attempt != store.attempt:
                _send(process, signal.SIGKILL)
            if run.stop_requested:
                asked, excused = asked or now, excused or now
                if run.progress and run.progress.phase in _AT_WORK and now - asked < SAVING_SECONDS:
                    excused = now
        if excused and signals and now - excused > grace_seconds:
            _send(process, signals.pop())
            excused, grace_seconds = now, _KILL_SECONDS


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _record_end(store: RunStore, run_id: str, ending: int | None) -> Run:
    """Record the end of a process that has not done so; a lost one's run is queued again. Returns the run."""
    run = store.get(run_id)
    if run.ended:
        return run
    lost = ending is None or ending < 0
    if run.stop_requested:
        reason = f"asked to stop, {_in_words(ending)}"
        store.finish(run_id, "stopped", error=with_log(reason, run.folder))
    elif lost and run.losses < MOST_LOSSES:
        return requeue(store, run_id)
    else:
        hint = "; often the machine ran out of memory" if ending == -signal.SIGKILL else ""
        often = f", {run.losses + 1} times in a row without a finished epoch" if lost else ""
        store.finish(run_id, "failed", error=with_log(_in_words(ending) + often + hint, run.folder))
    return store.get(run_id)


def _in_words(ending: int | None) -> str:
    if ending is None or ending == 0:
        return "the training process ended without recording a result"
    if ending > 0:
        return f"the training process ended with exit code {ending}"
    name = signal.strsignal(-ending) or "unknown"
    return f"the training process ended with signal {-ending} ({name.lower()})"
