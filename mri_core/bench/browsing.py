"""Finding slices among very many, against pandas reading the whole table; and the pages that show them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict

from mri_core.bench.pairs import SECONDS, Quantity, Reading, compare, interleave
from mri_core.bench.record import Goal, Measurement
from mri_core.bench.session import Bench
from mri_core.bench.streaming import tile
from mri_core.datasets.browse import Query

NAME = "browsed"
PANDAS, BARE = "pandas, the whole table", "empty page"
_EVERY = 4  # 16x16 pixels of the demo set's 64x64: it is the index that is measured
_RESIDENT = Quantity("resident_mb", "MB", "less")
_LARGEST_MB = 600


def browsing(bench: Bench) -> list[Measurement]:
    """Opening, filtering and counting a set of many slices, each side in fresh processes that find everything anew."""
    many = bench.sizes.browsed
    folder = bench.settings.datasets / NAME
    try:
        dataset = tile(bench.demo(), bench.settings, NAME, many, _EVERY)
        queries = json.dumps([asdict(query) for query in queries_of(dataset.label_names, many)])
        taken = interleave(_sides(bench, queries), bench.repeats, bench.advance)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    title = f"{many:,} slices"

    def beside_pandas(what: str, key: str, bound: float) -> Measurement:
        quantity = Quantity(key, "s", "less")
        return compare(f"{title}: {what}", quantity, taken["ours"], PANDAS, taken["pandas"], (Goal("ours", bound),))

    return [
        beside_pandas("open, and the first page", "open", 1),
        beside_pandas("the slowest filter with its page", "slowest", 0.3),
        beside_pandas("label statistics", "statistics", 1),
        compare(f"{title}: memory after that", _RESIDENT, taken["ours"], PANDAS, taken["pandas"]),
        compare(
            f"{title}: memory of the dashboard after Overview, Labels and Browse",
            _RESIDENT,
            taken["pages"],
            BARE,
            taken["bare"],
            (Goal("ours", _LARGEST_MB),),
        ),
        compare(f"{title}: the slowest of their reruns", SECONDS, taken["pages"], BARE, taken["bare"]),
    ]


def queries_of(labels: tuple[str, ...], slices: int) -> list[Query]:
    """Every kind of filter and order, alone and together. slices: of the set, whose patients have twenty each."""
    first, last = labels[0], labels[-1]
    patient = f"P{slices // 40:06d}"
    return [
        Query(),
        Query(descending=True),
        Query(split="test"),
        Query(labels=(first,)),
        Query(labels=(first, last), match="any", sort="position"),
        Query(labels=(first,), match="exactly", sort="patient"),
        Query(no_finding=True, sort="patient", descending=True),
        Query(patient=patient, sort="position"),
        Query("train", (last,), True, "any", None, "position", True),
        Query("validation", labels, False, "all", None, "patient", False),
    ]


def _sides(bench: Bench, queries: str) -> Mapping[str, Callable[[], Reading]]:
    pages = bench.peer("browse_pages.py")
    folder = bench.settings.datasets / NAME
    return {
        "ours": lambda: bench.run("-m", "mri_core.bench.our_browsing", NAME, queries),
        "pandas": lambda: bench.run(bench.peer("pandas_browse.py"), folder, queries),
        "pages": lambda: bench.run(pages, NAME, queries),
        "bare": lambda: bench.run(pages),
    }
