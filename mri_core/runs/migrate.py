"""Moving to another run database: every run with its id, its curves and its titles, checked by what is read back.

Works on MLflow's tables, because its client gives each run a new id. All is written in one transaction: a call that is
interrupted, or that finds other data under the same ids, leaves the target as it was. The source is only read.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mri_core.errors import InvalidInput, StoreError
from mri_core.runs.champions import NAME_PREFIX
from mri_core.runs.connection import (
    EXPERIMENT,
    connect,
    database_address,
    database_file,
    load_mlflow,
    shown,
    store_errors,
    tables_of,
)
from mri_core.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Engine, Table

OF_RUNS = ("runs", "params", "tags", "metrics", "latest_metrics")
OF_CHAMPIONS = (
    "registered_models",
    "registered_model_tags",
    "model_versions",
    "model_version_tags",
    "registered_model_aliases",
)
"""Tables in the order in which their rows refer to each other."""

_RUNS_AT_ONCE = 50  # whose rows are held in memory
_EXPERIMENT_ID = "experiment_id"  # each database has counted its experiments itself
_UNDER_WAY = ("SCHEDULED", "RUNNING")


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
    with _reading(source) as theirs:
        theirs.check_settled()
        _, experiment = connect(settings.model_copy(update={"tracking_uri_setting": target}))
        with _writing(target) as ours:
            if theirs.revision() != ours.revision():
                raise StoreError(
                    f"the run database {shown(source)} was made by another version of MLflow, expected the version in "
                    "use; list its runs with `mri runs`, which brings it up to date, then try again"
                )
            return _migrate(theirs, ours, int(experiment), progress)


def _migrate(theirs: _Side, ours: _Side, experiment: int, progress: Callable[[int, int], None]) -> Migration:
    runs = theirs.run_ids()
    parts = [runs[start : start + _RUNS_AT_ONCE] for start in range(0, len(runs), _RUNS_AT_ONCE)]
    copied = dict.fromkeys((*OF_RUNS, *OF_CHAMPIONS), 0)
    for number, part in enumerate(parts):
        for name in OF_RUNS:
            copied[name] += _copy(theirs, ours, name, part, {_EXPERIMENT_ID: experiment} if name == "runs" else {})
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
    theirs: _Side, ours: _Side, name: str, runs: Sequence[str] | None = None, more: dict[str, Any] | None = None
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


def _whose(side: _Side, name: str, rows: set[tuple[Any, ...]]) -> str:
    names = [column.name for column in side.columns(name)]
    place = names.index("run_uuid" if "run_uuid" in names else "name")
    return ", ".join(sorted({str(row[place]) for row in rows})[:3])


def _checksum(side: _Side, name: str, pieces: Sequence[Sequence[str] | None]) -> tuple[int, str]:
    """The number of rows, and the sum of their hashes, for which their order does not matter."""
    count = total = 0
    for piece in pieces:
        for row in side.rows(name, piece):
            count += 1
            total += int.from_bytes(hashlib.sha256(repr(row).encode()).digest())
    return count, f"{total % 2**256:064x}"[:32]


@dataclass(frozen=True)
class _Side:
    """One of the two databases, within a transaction. The target is read back before what was written counts."""

    uri: str
    connection: Connection

    def columns(self, name: str) -> list[ColumnElement[Any]]:
        return [column for column in _table(name).columns if column.name != _EXPERIMENT_ID]

    def rows(self, name: str, runs: Sequence[str] | None) -> set[tuple[Any, ...]]:
        """The rows of some runs, or of all champions, as tuples of `columns`."""
        from sqlalchemy import select

        table = _table(name)
        ours = table.c.name.startswith(NAME_PREFIX, autoescape=True) if runs is None else table.c.run_uuid.in_(runs)
        with store_errors(self.uri):
            return {_stored(row) for row in self.connection.execute(select(*self.columns(name)).where(ours))}

    def add(self, name: str, rows: set[tuple[Any, ...]], more: dict[str, Any]) -> None:
        """more: columns with the same value in every row."""
        names = [column.name for column in self.columns(name)]
        with store_errors(self.uri):
            if rows:
                values = [dict(zip(names, row, strict=True)) | more for row in rows]
                self.connection.execute(_table(name).insert(), values)

    def run_ids(self) -> list[str]:
        """The runs that are not deleted, the oldest first."""
        from sqlalchemy import select

        runs = _table("runs")
        with store_errors(self.uri):
            found = self.connection.execute(
                select(runs.c.run_uuid).where(*self._present()).order_by(runs.c.start_time, runs.c.run_uuid)
            )
            return [run_id for (run_id,) in found]

    def check_settled(self) -> None:
        """Raises InvalidInput while a run is queued or running: its record changes."""
        from sqlalchemy import select

        runs = _table("runs")
        with store_errors(self.uri):
            busy = self.connection.execute(
                select(runs.c.name).where(*self._present(), runs.c.status.in_(_UNDER_WAY))
            ).all()
        if busy:
            raise InvalidInput(
                f"{len(busy)} {'run is' if len(busy) == 1 else 'runs are'} queued or running ('{busy[0].name}' is one),"
                " expected none; wait for them or stop them, then migrate"
            )

    def revision(self) -> str:
        """Which of MLflow's migrations the tables are at."""
        with store_errors(self.uri):
            return str(self.connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())

    def _present(self) -> tuple[ColumnElement[bool], ...]:
        from sqlalchemy import select

        runs, experiments = _table("runs"), _table("experiments")
        ours = select(experiments.c.experiment_id).where(experiments.c.name == EXPERIMENT)
        return runs.c.lifecycle_stage == "active", runs.c.experiment_id.in_(ours)


def _stored(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row as every database can hold it: PostgreSQL takes no NUL, which a failed run's log may have in it."""
    return tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row)


def _table(name: str) -> Table:
    from mlflow.store.model_registry.dbmodels.models import SqlModelVersion
    from mlflow.store.tracking.dbmodels.models import SqlRun

    return (SqlModelVersion if name in OF_CHAMPIONS else SqlRun).metadata.tables[name]


@contextmanager
def _reading(uri: str) -> Iterator[_Side]:
    """The source, as it stands at one instant. Nothing can be written to it."""
    with _connected(uri, _read_only(uri)) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")  # else each statement would see another instant
        yield _Side(uri, connection)


def _read_only(uri: str) -> Engine:
    from sqlalchemy import create_engine

    file = database_file(uri)
    if file is None:
        return create_engine(database_address(uri), isolation_level="REPEATABLE READ")
    try:
        known = tables_of(file)
    except sqlite3.Error as error:
        raise StoreError(f"cannot read the run database {file}: {error}; name another with --from") from error
    if not {"experiments", "runs", "alembic_version"} <= known:
        raise StoreError(f"{file} is not a run database, expected one made by MLflow; name another with --from")
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True))


@contextmanager
def _writing(uri: str) -> Iterator[_Side]:
    """The target; what was written counts from the end of the block, and not at all when it raises."""
    from sqlalchemy import create_engine

    with _connected(uri, create_engine(database_address(uri))) as connection:
        yield _Side(uri, connection)
        with store_errors(uri):
            connection.commit()


@contextmanager
def _connected(uri: str, engine: Engine) -> Iterator[Connection]:
    with store_errors(uri):
        connection = engine.connect()
    try:
        yield connection
    finally:
        connection.close()
        engine.dispose()
