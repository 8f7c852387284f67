"""The attempts of a run: it is taken in hand and beats, its process is lost, it is queued again and goes on."""

from __future__ import annotations

from collections.abc import Callable

from mri_core.errors import InvalidInput
from mri_core.runs.champions import champion_of
from mri_core.runs.reading import get_record
from mri_core.runs.records import MLFLOW_STATUS, OF_ONE_ATTEMPT, state_tags, write
from mri_core.runs.run import RESUMABLE, Claim, Run
from mri_core.runs.store import RunStore


def take(store: RunStore, run_id: str, claim: Claim, is_gone: Callable[[Claim], bool]) -> bool:
    """Take a run in hand; False where it has ended, or another holds it who is not gone."""
    with store.exclusively(run_id) as run:
        if run.ended or (run.claim not in (None, claim) and not is_gone(run.claim)):
            return False
        store.tag(run_id, claim=claim)
    return True


Mark = tuple[int, Claim | None, int]


def mark_of(run: Run) -> Mark:
    """What changes while somebody alive has a run in hand: its attempt, its claim, and its beat."""
    return run.attempt, run.claim, run.beat


def take_over(store: RunStore, seen: Run, claim: Claim) -> bool:
    """Take a run in hand whose holder is lost; False where anything has become of it since it was `seen`.

    Several listeners may find the same one lost, and each has queued it again only once it has it in hand.
    """
    with store.exclusively(seen.id) as run:  # in which nobody can beat
        if run.ended or mark_of(run) != mark_of(seen):
            return False
        store.tag(run.id, claim=claim)
    return True


def beat(store: RunStore, run_id: str, claim: Claim) -> bool:
    """Show that whoever holds a run is alive; False where it has ended, or another holds it.

    Under the run's lock, so that nobody takes a run from a holder who has beaten since it was looked at.
    """
    with store.exclusively(run_id) as run:
        if run.ended or run.claim != claim:
            return False
        store.tag(run_id, beat=run.beat + 1)
    return True


def resume(store: RunStore, run_id: str, resources: str | None = None) -> Run:
    """Queue a stopped or failed run again, to go on where it was. Raises InvalidInput for any other.

    resources: what it takes from now on; None as before.
    """
    with store.exclusively(run_id) as run:
        if run.status not in RESUMABLE:
            raise InvalidInput(f"run '{run.name}' is {run.status}, expected a stopped or failed one to resume")
        title = champion_of(store.settings, run.dataset_name)
        if title is not None and title.run_id == run_id:
            raise InvalidInput(
                f"run '{run.name}' is the champion of '{run.dataset_name}', whose model must not change under its "
                "users; promote another run first, or start a new run with its settings"
            )
        store.tag(run_id, resources=resources)
        _queue_again(store, run, losses=0)
    return store.get(run_id)


def requeue(store: RunStore, run_id: str) -> Run:
    """Queue a run again whose process has been lost. Raises InvalidInput when it has ended."""
    with store.exclusively(run_id) as run:
        if run.ended:
            raise InvalidInput(f"run '{run.name}' is {run.status}, expected one that lost its process")
        _queue_again(store, run, losses=run.losses + 1)
    return store.get(run_id)


def _queue_again(store: RunStore, run: Run, losses: int) -> None:
    with store.client() as (client, _):
        write(client, run.id, tags=state_tags(attempt=run.attempt + 1, losses=losses))
        there = OF_ONE_ATTEMPT & get_record(client, run.id).data.tags.keys()
        # Its process first, without which it is queued, whatever comes in between.
        for tag in sorted(there, key=lambda tag: tag != "mri.process"):
            client.delete_tag(run.id, tag)
        client.update_run(run.id, status=MLFLOW_STATUS["queued"])
