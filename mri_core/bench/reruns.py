"""How long each page of the dashboard takes to draw itself again, beside an empty page."""

from __future__ import annotations

from mri_core.bench.pairs import Quantity, Taken, compare
from mri_core.bench.record import Goal, Measurement
from mri_core.bench.session import Bench
from mri_core.bench.trained import trained_run

_MS = Quantity("milliseconds", "ms", "less")
_LONGEST_MS = 200


def reruns(bench: Bench) -> list[Measurement]:
    """One measurement a page; every rerun of it is followed by one of an empty page, in one process."""
    run = trained_run(bench)
    found = bench.run(bench.peer("page_reruns.py"), run.id, bench.sizes.reruns * bench.repeats)["pages"]
    bench.advance(1.0)
    return [
        compare(
            f"rerun of the page {page}",
            _MS,
            _taken(times, "ours"),
            "empty page",
            _taken(times, "bare"),
            (Goal("ours", _LONGEST_MS),),
        )
        for page, times in found.items()
    ]


def _taken(times: dict, side: str) -> Taken:
    if side == "ours" and "problem" in times:
        return Taken(problem=times["problem"])
    return Taken(tuple({"milliseconds": seconds * 1000} for seconds in times.get(side, ())))
