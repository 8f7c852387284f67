"""The command that measures: bench."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from mri_core.bench.bench import Order, chosen, run_bench
from mri_core.bench.document import COLUMNS, check_out, page_json, page_problems, page_rows, write_page
from mri_core.bench.machine import machine_words
from mri_core.bench.table import MEASUREMENTS
from mri_core.cli.output import Json, console, messages, print_json, print_table, progress_bar
from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.errors import NotFound
from mri_core.settings import Settings
from mri_core.words import duration

_NAMES = ", ".join(MEASUREMENTS)


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes, one repeat, under 3 minutes.")] = False,
    repeats: Annotated[int | None, typer.Option(min=1, max=100, help="Turns of each side; 5, or 1 if quick.")] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="NAME", help=f"Measure only: {_NAMES}.")] = None,
    seeds: Annotated[int, typer.Option(min=0, max=100, help="Trainings to a score with each recommended preset.")] = 0,
    dataset: Annotated[str, typer.Option(help="What these train on; it is only read.")] = "demo",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the page: .md (between its markers), .json.")
    ] = None,
    json: Json = False,
) -> None:
    """Measure speed and memory against plain Keras, ONNX Runtime and others, as ratios taken in one run."""
    chosen(only or ())
    if out is not None:
        check_out(out)
    order = Order(quick, tuple(only or ()), repeats, seeds, _lent(dataset) if seeds else "no --seeds", _command())
    with progress_bar("Measuring") as progress:
        page = run_bench(order, lambda what: messages.print(what, markup=False), progress)
    if out is not None:
        write_page(page, out)
    if json:
        print_json(page_json(page))
        return
    console.print(machine_words(page.machine), markup=False)
    console.print()
    print_table(COLUMNS, page_rows(page))
    for problem in page_problems(page):
        messages.print(f"not measured: {problem}", markup=False)
    messages.print(f"It took {duration(page.seconds)}. A ratio says how many times better ours is; above 1, we are.")


def _lent(name: str) -> Dataset | str:
    """A data set of the user's, or why there is none."""
    try:
        return open_dataset(name, Settings())
    except NotFound as error:
        return str(error)


def _command() -> str:
    return f"mri {shlex.join(sys.argv[1:])}"


COMMANDS = {"bench": bench}
