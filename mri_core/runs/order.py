"""The order in which queued runs are trained: by their turns, which people may change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Literal

from mri_core.errors import InvalidInput, NotFound, RunHeld
from mri_core.runs.attempts import take
from mri_core.runs.liveness import find_process, is_here, process_of
from mri_core.runs.run import Claim, Run, Status
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

_QUEUED: tuple[Status, ...] = ("queued",)
_RUNNING: tuple[Status, ...] = ("running",)
Place = Literal["first", "earlier", "later", "last"]


def waiting(store: RunStore) -> list[Run]:
    """The queued runs that no supervisor has in hand, the next one first."""
    return in_order([run for run in store.list(statuses=_QUEUED) if not is_held(run)])


def is_held(run: Run) -> bool:
    """Whether somebody alive looks after a run; of other hosts that is taken for granted."""
    return run.claim is not None and not _is_gone(run.claim)


def left_here(store: RunStore, statuses: Collection[Status]) -> list[Run]:
    """Runs of this home and host that nobody alive looks after, in their order."""
    return [run for run in in_order(store.list(statuses=statuses)) if not is_held(run) and is_here(run)]


def take_next(store: RunStore, ticket: str) -> Run | None:
    """The run for whoever holds a ticket: the ticket's own where it is running and its supervisor was lost, else the
    next one that waits; None when there is none. A ticket begins with a run's id: as many are out as were submitted.

    On a cluster the next one is of those that take the resources which the store's settings name, as the ticket did.
    """
    claim = Claim(process_of(), ticket)
    own = [run for run in store.list(statuses=_RUNNING) if ticket.startswith(run.id) and is_here(run)]
    queued = [run for run in in_order(store.list(statuses=_QUEUED)) if is_here(run) and _is_for(store.settings, run)]
    frozen: RunHeld | None = None
    for run in (*own, *queued):
        if run.claim in (None, claim) or _is_gone(run.claim):
            try:
                if take(store, run.id, claim, _is_gone):
                    return store.get(run.id)
            except NotFound:
                continue  # deleted since
            except RunHeld as error:  # by somebody who is frozen: the next one's turn
                frozen = error
    if frozen:
        raise frozen
    return None


def _is_for(settings: Settings, run: Run) -> bool:
    return not settings.scheduler or run.resources == settings.resources


def move(store: RunStore, run_id: str, place: Place) -> None:
    """Change a waiting run's place. Raises InvalidInput when it is not waiting any more."""
    runs = waiting(store)
    at = next((number for number, run in enumerate(runs) if run.id == run_id), None)
    if at is None:
        raise _gone(store.get(run_id))
    others = [run.turn for run in runs if run.id != run_id]
    to = {"first": 0, "earlier": max(0, at - 1), "later": min(len(others), at + 1), "last": len(others)}[place]
    if others and to != at:
        with store.exclusively(run_id) as run:
            if run.status != "queued":
                raise _gone(run)
            store.tag(run_id, turn=_between(others, to))


def _gone(run: Run) -> InvalidInput:
    return InvalidInput(f"run '{run.name}' does not wait in the queue any more; nothing was moved")


def stop_waiting(store: RunStore) -> list[Run]:
    """Take every waiting run out of the queue; what begins meanwhile is left alone. Returns those taken out."""
    stopped = []
    for run in waiting(store):
        now = store.get(run.id)
        if now.status == "queued" and not is_held(now):
            with suppress(InvalidInput, NotFound):  # somebody else has stopped it; it is another home's
                store.request_stop(run.id)
                stopped.append(run)
    return stopped


def _between(turns: Sequence[float], place: int) -> float:
    """A turn that comes after `place` of the others; in whole seconds where it goes to an end."""
    if place == 0:
        return turns[0] - 1
    if place == len(turns):
        return turns[-1] + 1
    return (turns[place - 1] + turns[place]) / 2


def in_order(runs: Sequence[Run]) -> list[Run]:
    """Queued runs by their turns, the next one first."""
    return sorted(runs, key=lambda run: (run.turn, run.created, run.id))


def _is_gone(claim: Claim) -> bool:
    return claim.process.host == process_of().host and find_process(claim.process) is None
