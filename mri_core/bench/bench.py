"""One benchmark from its start to the page: every measurement in turn, and none lost by another's failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches

from mri_core.bench.machine import Machine, describe_machine
from mri_core.bench.record import Measurement, missing
from mri_core.bench.session import FULL, QUICK, Bench, Sizes, open_bench
from mri_core.bench.table import MEASUREMENTS, Entry
from mri_core.datasets.dataset import Dataset
from mri_core.errors import InvalidInput, MriError

_MACHINE_SECONDS = 12.0  # what describing the machine takes, for the time left


@dataclass(frozen=True)
class Page:
    """What a benchmark came to. command: what made it. taken: when it began. seconds: how long it took."""

    command: str
    taken: datetime
    seconds: float
    repeats: int
    machine: Machine
    measurements: tuple[Measurement, ...]


@dataclass(frozen=True)
class Order:
    """What is asked of a benchmark.

    only: names of MEASUREMENTS, all when empty. repeats: None for as many as the sizes are meant for.
    seeds: trainings to a score, 0 for none. lent: the data set for these, or why there is none.
    """

    quick: bool = False
    only: tuple[str, ...] = ()
    repeats: int | None = None
    seeds: int = 0
    lent: Dataset | str = "no data set was named"
    command: str = "mri bench"


def chosen(only: Sequence[str], table: Mapping[str, Entry] = MEASUREMENTS) -> dict[str, Entry]:
    """The entries with these names, in the table's order; all when none is named. Raises InvalidInput for another."""
    for name in only:
        if name not in table:
            close = get_close_matches(name, table, n=1)
            hint = f" (did you mean '{close[0]}'?)" if close else ""
            raise InvalidInput(f"there is no measurement '{name}'{hint}; expected one of {', '.join(table)}")
    return {name: entry for name, entry in table.items() if not only or name in only}


def run_bench(
    order: Order,
    say: Callable[[str], None],
    progress: Callable[[int, int], None],
    table: Mapping[str, Entry] = MEASUREMENTS,
    sizes: Sizes | None = None,
) -> Page:
    """Take the measurements.

    say: told which measurement begins. progress: called with seconds' worth of work done and in all.
    sizes: others than those of a quick or a full benchmark. Raises NotFound where the peers are not at hand.
    """
    entries = chosen(order.only, table)
    sizes = sizes or (QUICK if order.quick else FULL)
    repeats = order.repeats or (1 if order.quick else 5)
    weights = {name: _weight(entry, order, repeats) for name, entry in entries.items()}
    total = _MACHINE_SECONDS + sum(weights.values())
    taken, began = datetime.now(UTC), time.monotonic()
    found: list[Measurement] = []
    with open_bench(sizes, repeats, order.seeds, order.lent) as bench:
        say("the machine")
        machine = describe_machine(bench)
        done = _MACHINE_SECONDS
        for number, (name, entry) in enumerate(entries.items(), start=1):
            say(f"{number} of {len(entries)}: {name}")
            found += _measured(replace(bench, advance=_part(progress, done, weights[name], total)), name, entry)
            done += weights[name]
            progress(round(done), round(total))
    return Page(order.command, taken, time.monotonic() - began, repeats, machine, tuple(found))


def _measured(bench: Bench, name: str, entry: Entry) -> Sequence[Measurement]:
    try:
        return entry.measure(bench)
    except (MriError, OSError) as error:
        return [missing(name, " ".join(str(error).split()))]


def _weight(entry: Entry, order: Order, repeats: int) -> float:
    return entry.quick * repeats if order.quick else entry.full * repeats


def _part(progress: Callable[[int, int], None], done: float, weight: float, total: float) -> Callable[[float], None]:
    """Progress of a measurement as progress of the whole."""
    return lambda share: progress(round(done + share * weight), round(total))
