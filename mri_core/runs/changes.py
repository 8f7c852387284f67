"""How the status of a run changes: as `NEXT` allows, and under the run's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from mri_core.errors import InvalidInput, NotFound, RunHeld, StorageError, StoreError
from mri_core.locking import locked
from mri_core.runs.records import MLFLOW_STATUS
from mri_core.runs.run import ENDED, NEXT, Process, Run, Status

if TYPE_CHECKING:
    from mri_core.runs.store import RunStore

LOCK_SECONDS = 5.0
"""A change takes a hundredth of it; whoever holds a run's lock for longer is frozen, and others have more to do."""


def lock_of(run: Run) -> TextIO:
    """Hold the run's lock, as in `with lock_of(run):`.

    Raises NotFound where its folder, which says whose run it is, is not in this home; RunHeld while another process
    holds it for long: a StoreError, so that whoever waits for a busy database waits for this as well.
    """
    if not has_folder(run):
        raise NotFound(
            f"run '{run.name}' has no folder {run.folder}, expected one: its files are in another home; set "
            "MRI_HOME to that, or make the folder if they were removed"
        )
    try:
        return locked(run.folder / ".lock", LOCK_SECONDS)
    except StorageError as error:
        raise RunHeld(str(error)) from error


def has_folder(run: Run) -> bool:
    """Whether a run's files are in this home. Raises StoreError where the disk does not tell."""
    try:
        return run.folder.is_dir()
    except OSError as error:  # such as of a file server that restarts
        raise StoreError(f"cannot look at {run.folder}: {error.strerror}; make its file system work again") from error


def change(store: RunStore, run_id: str, status: Status, **state: Any) -> None:
    """Give a run another status and fields of its state. Raises InvalidInput where `NEXT` does not allow it."""
    with store.exclusively(run_id) as run:
        if status not in NEXT[run.status] and not _is_recorded(store, run, status, state.get("process")):
            allowed = (
                f"expected {' or '.join(NEXT[run.status])}" if NEXT[run.status] else "it has ended; start a new run"
            )
            raise InvalidInput(f"run '{run.name}' is {run.status} and cannot become {status}: {allowed}")
        store.tag(run_id, **state)
        set_status(store, run_id, status)


def set_status(store: RunStore, run_id: str, status: Status) -> None:
    """Whatever it was, by whoever holds the run's lock."""
    with store.client() as (client, _):
        if status in ENDED:
            client.set_terminated(run_id, status=MLFLOW_STATUS[status])
        else:
            client.update_run(run_id, status=MLFLOW_STATUS[status])


def _is_recorded(store: RunStore, run: Run, status: Status, process: Process | None) -> bool:
    """Whether this attempt has made the change already: the database may die between doing it and saying so."""
    if store.attempt is None or run.status != status:
        return False
    # Not by its time of start, which the system tells slightly differently once its clock was set.
    return process is None or (run.process is not None and _number(run.process) == _number(process))


def _number(process: Process) -> tuple[str, int]:
    return process.host, process.pid
