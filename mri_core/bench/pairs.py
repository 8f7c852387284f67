"""Taking turns: every side once, then every side once more, so that a machine's moods meet all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mri_core.bench.record import Better, Goal, Measurement
from mri_core.errors import MriError

Reading = Mapping[str, float]
"""What one turn of a side gave: quantity -> number."""


@dataclass(frozen=True)
class Quantity:
    """Something that readings hold: its key there, its unit, and whether "more" or "less" of it is better."""

    key: str
    unit: str
    better: Better


SECONDS = Quantity("seconds", "s", "less")


@dataclass(frozen=True)
class Taken:
    """A side's readings, one a repeat until it failed. problem: in one line, why it failed."""

    readings: tuple[Reading, ...] = ()
    problem: str = ""

    def numbers(self, quantity: str) -> tuple[float, ...]:
        return tuple(reading[quantity] for reading in self.readings)


def interleave(
    sides: Mapping[str, Callable[[], Reading]], repeats: int, advance: Callable[[float], None]
) -> dict[str, Taken]:
    """Take turns `repeats` times. A side that raises MriError has had its last turn; the others go on.

    advance: called with the share done, in [0, 1], after each turn.
    """
    taken = dict.fromkeys(sides, Taken())
    for repeat in range(repeats):
        for number, (name, take) in enumerate(sides.items(), start=1):
            if not taken[name].problem:
                taken[name] = _one_more(taken[name], take)
            advance((repeat * len(sides) + number) / (repeats * len(sides)))
    return taken


def compare(
    name: str, quantity: Quantity, ours: Taken, peer: str, theirs: Taken, goals: tuple[Goal, ...] = ()
) -> Measurement:
    """One quantity of two sides."""
    problems = [f"{who}: {side.problem}" for who, side in (("ours", ours), (peer, theirs)) if side.problem]
    return Measurement(
        name,
        quantity.unit,
        quantity.better,
        ours.numbers(quantity.key),
        peer,
        theirs.numbers(quantity.key),
        goals,
        "; ".join(problems),
    )


def _one_more(taken: Taken, take: Callable[[], Reading]) -> Taken:
    try:
        return Taken((*taken.readings, take()))
    except MriError as error:
        return Taken(taken.readings, " ".join(str(error).split()))
