"""The command about the queue: what trains, what waits, what went wrong, and in which order."""

from __future__ import annotations

from typing import Annotated

import typer

from mri_core import words
from mri_core.cli.output import Json, console, messages, print_json, print_table
from mri_core.runs.order import Place, move, stop_waiting
from mri_core.runs.queue import Queue, begun, last_sign, place_of, queue_json, read_queue
from mri_core.runs.revival import revive
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings


def queue(
    run: Annotated[str | None, typer.Argument(metavar="RUN", help="A waiting run, to be moved by --place.")] = None,
    place: Annotated[Place | None, typer.Option(help="Where RUN goes among those that wait.")] = None,
    stop_all: Annotated[bool, typer.Option("--stop-waiting", help="Take every waiting run out of the queue.")] = False,
    json: Json = False,
) -> None:
    """What trains where, what waits in which order, and what failed lately; moves a waiting run, or stops them all."""
    if (run is None) != (place is None):
        raise typer.BadParameter("RUN and --place belong together: `mri queue RUN --place first`")
    settings = Settings()
    store = RunStore(settings)
    if run is not None and place is not None:
        move(store, store.find(run).id, place)
    if stop_all:
        stopped = len(stop_waiting(store))
        messages.print(f"Runs taken out of the queue: {words.count(stopped)}. `mri resume RUN` puts one back.")
    revive(settings)
    found = read_queue(store)
    if json:
        print_json(queue_json(found))
    else:
        _tell(found)


def _tell(found: Queue) -> None:
    if not (found.running or found.waiting or found.failed):
        messages.print("The queue is empty. `mri train --dataset NAME` starts a run.")
    if found.running:
        columns = ("run", "name", "data set", "host", "process", "since", "epoch", "time left")
        title = "Training" if found.slots is None else f"Training, {len(found.running)} of {found.slots} at once"
        print_table(columns, [_running(each) for each in found.running], title)
    if found.waiting:
        some = any(each.resources for each in found.waiting)  # on clusters
        rows = [
            (at, each.id[:8], each.name, each.dataset_name, words.moment(each.created), *[each.resources] * some)
            for at, each in enumerate(found.waiting, 1)
        ]
        print_table(("place", "run", "name", "data set", "created", *["takes"] * some), rows, "Waiting")
    if found.failed:
        lost = [
            (each.id[:8], each.name, words.moment(last_sign(each)), (each.error or "").partition("\n")[0])
            for each in found.failed
        ]
        print_table(("run", "name", "last seen", "why"), lost, "Failed lately")
        console.print("`mri show RUN` shows the end of a log, `mri resume RUN` goes on.", markup=False)


def _running(run: Run) -> tuple:
    process, since, progress = place_of(run), begun(run), run.progress
    return (
        run.id[:8], run.name, run.dataset_name, process.host if process else "",
        str(run.process.pid) if run.process else "starting", words.moment(since) if since else "",
        f"{progress.epoch} of {progress.epochs}" if progress and progress.epoch else "none yet",
        words.duration(progress.seconds_left if progress else None),
    )  # fmt: skip


COMMANDS = {"queue": queue}
