"""Moving to another run database: every run with its id, its curves and its titles, checked by what is read back.

Works on MLflow's tables, because its client gives each run a new id. All is written in one transaction: a call that is
interrupted, or that finds other data under the same ids, leaves the target as it was. The source is only read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mri_core.errors import InvalidInput, StoreError
from mri_core.runs.connection import connect, load_mlflow
from mri_core.runs.database import shown
from mri_core.runs.database_side import EXPERIMENT_ID, OF_CHAMPIONS, OF_RUNS, Side, reading, writing
from mri_core.settings import Settings

_RUNS_AT_ONCE = 50  # whose rows are held in memory


@dataclass(frozen=True)
class Moved:
    """Of one table: its rows, how many of them were copied now, and a checksum of all, the same in both databases."""

    rows: int
    copied: int
    checksum: str


@dataclass(frozen=True)
class Migration:
    """source, target: addresses as they may be printed. tables: name -> what was moved."""

    source: str
    target: str
    tables: dict[str, Moved]

    @property
    def runs(self) -> int:
        return self.tables["runs"].rows

    @property
    def promotions(self) -> int:
        return self.tables["model_versions"].rows

    @property
    def copied(self) -> int:
        """Rows of all tables that were not in the target before."""
        return sum(moved.copied for moved in self.tables.values())

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"runs": self.runs, "promotions": self.promotions, "copied": self.copied}


def migrate(source: str, target: str, settings: Settings, progress: Callable[[int, int], None]) -> Migration:
    """Copy what `source` holds of this program's runs and champions into `target`, as far as it is not there yet.

    source, target: addresses of databases as in MLFLOW_TRACKING_URI; the target's tables are made where needed.
    settings: of the home that the runs' folders are in. progress: called with runs copied, and runs in all.
    Raises InvalidInput while a run is queued or running, and where the target holds other data under the same ids;
    StoreError when a database cannot be used.
    """
    for uri in (source, target):
        if uri.startswith("http"):
            raise InvalidInput(f"{uri} is a server of MLflow's, expected the address of its database, postgresql://…")
    load_mlflow()
    with reading(source) as theirs:
        theirs.check_settled()
        _, experiment = connect(settings.model_copy(update={"tracking_uri_setting": target}))
        with writing(target) as ours:
            if theirs.revision() != ours.revision():
                raise StoreError(
                    f"the run database {shown(source)} was made by another version of MLflow, expected the version in "
                    "use; list its runs with `mri runs`, which brings it up to date, then try again"
                )
            return _migrate(theirs, ours, int(experiment), progress)


def _migrate(theirs: Side, ours: Side, experiment: int, progress: Callable[[int, int], None]) -> Migration:
    runs = theirs.run_ids()
    parts = [runs[start : start + _RUNS_AT_ONCE] for start in range(0, len(runs), _RUNS_AT_ONCE)]
    copied = dict.fromkeys((*OF_RUNS, *OF_CHAMPIONS), 0)
    for number, part in enumerate(parts):
        for name in OF_RUNS:
            copied[name] += _copy(theirs, ours, name, part, {EXPERIMENT_ID: experiment} if name == "runs" else {})
        progress(number * _RUNS_AT_ONCE + len(part), len(runs))
    for name in OF_CHAMPIONS:
        copied[name] += _copy(theirs, ours, name)
    tables = {}
    for name, added in copied.items():
        pieces: Sequence[Sequence[str] | None] = parts if name in OF_RUNS else [None]
        (rows, checksum), there = (_checksum(side, name, pieces) for side in (theirs, ours))
        if (rows, checksum) != there:
            raise StoreError(
                f"what was written to {name} of {shown(ours.uri)} reads otherwise: {there[0]:,} rows with checksum "
                f"{there[1]}, expected {rows:,} with {checksum}; nothing was copied"
            )
        tables[name] = Moved(rows, added, checksum)
    return Migration(shown(theirs.uri), shown(ours.uri), tables)


def _copy(
    theirs: Side, ours: Side, name: str, runs: Sequence[str] | None = None, more: dict[str, Any] | None = None
) -> int:
    """Add a table's missing rows. Raises InvalidInput where the target has others under the same ids."""
    wanted, there = theirs.rows(name, runs), ours.rows(name, runs)
    if other := there - wanted:
        what = "run" if name in OF_RUNS else "promotions"
        raise InvalidInput(
            f"{shown(ours.uri)} holds other data under the same ids: {name} of {what} {_whose(ours, name, other)}; "
            "expected a database without these runs, or with the same; nothing was copied"
        )
    ours.add(name, wanted - there, more or {})
    return len(wanted - there)


def _whose(side: Side, name: str, rows: set[tuple[Any, ...]]) -> str:
    names = [column.name for column in side.columns(name)]
    place = names.index("run_uuid" if "run_uuid" in names else "name")
    return ", ".join(sorted({str(row[place]) for row in rows})[:3])


def _checksum(side: Side, name: str, pieces: Sequence[Sequence[str] | None]) -> tuple[int, str]:
    """The number of rows, and the sum of their hashes, for which their order does not matter."""
    count = total = 0
    for piece in pieces:
        for row in side.rows(name, piece):
            count += 1
            total += int.from_bytes(hashlib.sha256(repr(row).encode()).digest())
    return count, f"{total % 2**256:064x}"[:32]
