"""The command that runs the study again and says what holds: reproduce."""

from __future__ import annotations

import json as jsonlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mri_core import words
from mri_core.cli.output import Json, check_out, console, messages, print_json, print_table, progress_bar
from mri_core.datasets.dataset import Dataset, list_datasets, open_dataset
from mri_core.datasets.demo import DEMO
from mri_core.documents.file import write_file
from mri_core.errors import InvalidInput
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

if TYPE_CHECKING:
    from mri_core.reproduction.progress import Standing
    from mri_core.reproduction.result import Reproduction

_SUFFIXES = (".html", ".md", ".json")


def reproduce(
    dataset: Annotated[str, typer.Option(help="The data set to train on.")] = DEMO,
    seeds: Annotated[
        int, typer.Option(min=1, max=100, help="Runs of each configuration; verdicts need 2 at least.")
    ] = 3,
    presets_only: Annotated[bool, typer.Option("--presets-only", help="Leave out what only the claims need.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write all of it to this file: .html, .md or .json.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Queue the runs and report at once what is there.")] = False,
    no_start: Annotated[bool, typer.Option("--no-start", help="Only report what is there.")] = False,
    json: Json = False,
) -> None:
    """Run the study again and check its claims. Ctrl-C stops following, not the runs; calling again goes on."""
    from mri_core.reproduction.progress import configurations, read_standing
    from mri_core.reproduction.result import make_reproduction, reproduction_json

    if out:  # before hours of training, and not after them
        check_out(out, _SUFFIXES)
    settings = Settings()
    opened, store = _open(dataset, settings), RunStore(settings)
    names = configurations(presets_only)

    def look() -> Standing:
        return read_standing(opened.fingerprint, store, names, seeds)

    try:
        if not no_start:
            _start(opened, settings, names, seeds, len(look().missing))
        if not (no_start or detach):
            _follow(look)
    except KeyboardInterrupt:
        messages.print("The queue goes on with what was started. The same command starts the rest and follows again.")
    found = make_reproduction(opened, look(), store)
    if out:
        write_file(out, _written(found, out.suffix.lower()))
        messages.print(f"Wrote {out}.", markup=False)
    if json:
        print_json(reproduction_json(found))
    else:
        _print(found)


def _open(name: str, settings: Settings) -> Dataset:
    if name == DEMO and DEMO not in [header.name for header in list_datasets(settings)]:
        raise InvalidInput(
            "there is no demo data set to run the study on; make it with `mri demo`, or name another with --dataset"
        )
    return open_dataset(name, settings)


def _start(dataset: Dataset, settings: Settings, names: tuple[str, ...], seeds: int, missing: int) -> None:
    from mri_core.reproduction.progress import start_missing

    started = 0
    with progress_bar("Queueing runs") as progress:
        for started, _ in enumerate(start_missing(dataset, settings, names, seeds), start=1):
            progress(started, missing)
    runs = "1 run" if started == 1 else f"{started} runs"
    messages.print(f"Queued {runs}." if started else "Nothing needs to be started.")


def _follow(look: Callable[[], Standing]) -> None:
    """Show how far it is until no run is under way any more."""
    from rich.progress import BarColumn, Progress, TextColumn

    from mri_core.reproduction.progress import seconds_left

    columns = TextColumn("Training"), BarColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=messages, transient=True, disable=not messages.is_terminal) as bar:
        task = bar.add_task("", total=None)
        while (standing := look()).active:
            left = seconds_left(standing)
            told = f"{standing.complete} of {standing.total} runs, "
            told += "time left not known yet" if left is None else f"about {words.duration(left)} left"
            bar.update(task, completed=standing.complete, total=standing.total, description=told)
            time.sleep(1)
    if failed := standing.missing:
        messages.print(f"{len(failed)} of {standing.total} runs failed or were stopped; the same command tries again.")


def _written(found: Reproduction, suffix: str) -> str:
    from mri_core.documents import render, render_markdown
    from mri_core.reproduction.page import reproduction_document
    from mri_core.reproduction.result import reproduction_json

    if suffix == ".json":
        return jsonlib.dumps(reproduction_json(found), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    document = reproduction_document(found)
    return render(document) if suffix == ".html" else render_markdown(document)


def _print(found: Reproduction) -> None:
    from mri_core.documents import Table, plain
    from mri_core.reproduction.page import lead
    from mri_core.reproduction.tables import claims_table, cost_table, scores_table, summary_table

    def show(table: Table) -> None:
        print_table(table.titles, [[plain(cell) for cell in row] for row in table.rows], table.caption or None)
        console.print()

    for each in found.configurations:
        if each.reported and each.rows:
            show(scores_table(each))
    show(summary_table(found))
    show(cost_table(found))
    show(claims_table(found))
    console.print(lead(found), markup=False)


COMMANDS = {"reproduce": reproduce}
