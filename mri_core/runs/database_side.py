"""One of the two databases of a migration: what it holds of this program's runs and champions, in MLflow's tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mri_core.errors import InvalidInput, StoreError
from mri_core.runs.champions import NAME_PREFIX
from mri_core.runs.connection import EXPERIMENT, store_errors
from mri_core.runs.database import database_address, database_file, tables_of

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

EXPERIMENT_ID = "experiment_id"  # each database has counted its experiments itself
_UNDER_WAY = ("SCHEDULED", "RUNNING")


@dataclass(frozen=True)
class Side:
    """One of the two databases, within a transaction. The target is read back before what was written counts."""

    uri: str
    connection: Connection

    def columns(self, name: str) -> list[ColumnElement[Any]]:
        return [column for column in _table(name).columns if column.name != EXPERIMENT_ID]

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

        runs, tags = _table("runs"), _table("tags")
        whole = select(tags.c.run_uuid).where(tags.c.key == "mri.spec")  # whose creation was not cut short
        with store_errors(self.uri):
            busy = self.connection.execute(
                select(runs.c.name).where(*self._present(), runs.c.status.in_(_UNDER_WAY), runs.c.run_uuid.in_(whole))
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
def reading(uri: str) -> Iterator[Side]:
    """The source, as it stands at one instant. Nothing can be written to it."""
    with _connected(uri, _read_only(uri)) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")  # else each statement would see another instant
        yield Side(uri, connection)


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
def writing(uri: str) -> Iterator[Side]:
    """The target; what was written counts from the end of the block, and not at all when it raises."""
    from sqlalchemy import create_engine

    with _connected(uri, create_engine(database_address(uri))) as connection:
        yield Side(uri, connection)
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
