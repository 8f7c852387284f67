"""`Measurement`: the same thing measured on our side and on a peer's, in pairs taken one after the other."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Better = Literal["more", "less"]


@dataclass(frozen=True)
class Spread:
    """Minimum, median and maximum over the repeats."""

    minimum: float
    median: float
    maximum: float


@dataclass(frozen=True)
class Goal:
    """A bound that the median is to keep. of: "ratio", at least the bound; "ours", the bound or better, in the unit."""

    of: Literal["ratio", "ours"]
    bound: float


@dataclass(frozen=True)
class Measurement:
    """One comparison.

    unit: of both sides' numbers. better: whether "more" or "less" of it is better.
    ours, theirs: one number a repeat, as many as could be taken; infinite where it was never reached. The numbers at
    the same place were taken one after the other.
    problem: why numbers are missing; empty when none is.
    """

    name: str
    unit: str
    better: Better
    ours: tuple[float, ...]
    peer: str
    theirs: tuple[float, ...]
    goals: tuple[Goal, ...] = ()
    problem: str = ""

    @property
    def ratios(self) -> tuple[float, ...]:
        """How many times better we are than the peer, one a pair: 2 is twice the images a second or half the time."""
        pairs = zip(self.ours, self.theirs, strict=False)
        return tuple(_quotient(ours, theirs) if self.better == "more" else _quotient(theirs, ours)
                     for ours, theirs in pairs)  # fmt: skip

    def reaches(self, goal: Goal) -> bool | None:
        """Whether the median keeps a goal's bound, None where there is no number to tell."""
        found = spread(self.ratios if goal.of == "ratio" else self.ours)
        if found is None or math.isnan(found.median):
            return None
        more = goal.of == "ratio" or self.better == "more"
        return found.median >= goal.bound if more else found.median <= goal.bound


def missing(name: str, problem: str) -> Measurement:
    """What stands in the page for a measurement that could not be taken."""
    return Measurement(name, "", "less", (), "", (), problem=problem)


def spread(numbers: Sequence[float]) -> Spread | None:
    """None without numbers."""
    return Spread(min(numbers), statistics.median(numbers), max(numbers)) if numbers else None


def measurement_json(measurement: Measurement) -> dict[str, Any]:
    """The record of one measurement in the JSON document; numbers that are not finite become null."""
    spreads = {name: spread(getattr(measurement, name)) for name in ("ours", "theirs", "ratios")}
    return _finite(
        {field: value for field, value in asdict(measurement).items() if field != "goals"}
        | {"ratios": list(measurement.ratios)}
        | {"spread": {name: found and asdict(found) for name, found in spreads.items()}}
        | {"goals": [asdict(goal) | {"reached": measurement.reaches(goal)} for goal in measurement.goals]}
    )


def _quotient(over: float, under: float) -> float:
    """Undefined where neither side got there."""
    if math.isinf(over) and math.isinf(under):
        return math.nan
    return over / under if under else math.inf


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
