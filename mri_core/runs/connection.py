"""The connection to the run database: checked before MLflow may touch it, made once in a process.

MLflow writes its tables into whatever database it is given and tries for minutes to open a broken one. So the file is
looked at first, and a database that is not MLflow's is refused unchanged.
"""

from __future__ import annotations

import fcntl
import functools
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mri_core.errors import NotFound, StorageError, StoreError
from mri_core.settings import Settings, make_folder

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

EXPERIMENT = "mri"
PROBE_SECONDS = 5.0
"""How long the first look at a database waits for another program's lock. MLflow itself then waits 20 s a statement."""

_SQLITE = "sqlite:///"
_POSTGRES = {
    "connect_timeout": "5",  # seconds
    "keepalives_idle": "5",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "12000",  # milliseconds
}
"""Settings of libpq with which a cut network is noticed within seconds: else a call could wait for minutes, and with it
whoever waits for the same run's lock."""
_SERVERS = ("postgresql", "mysql", "mssql", "http://", "https://")
_ROWS_LOOKED_AT = 1000
_CHANGES_AT = 24  # bytes into a SQLite file
_connecting = threading.Lock()


def connect(settings: Settings) -> tuple[MlflowClient, str]:
    """The client of the run database and the id of the experiment that holds the runs. Quick after the first call.

    Raises StoreError when the database cannot be used.
    """
    with _connecting:
        return _connect(settings.tracking_uri, settings.runs)


@functools.cache
def _connect(uri: str, runs: Path) -> tuple[MlflowClient, str]:
    file = database_file(uri)
    load_mlflow()  # outside the lock: it takes a second
    with store_errors(uri):
        if file is None:
            _check_server(uri)
            return _open(uri, runs)
        try:
            make_folder(file.parent)
            # Two processes that create the tables at the same time would each find half of the other's.
            with locked(file.with_name(f".{file.name}.lock")):
                _check_file(file)
                _count_rows(file)
                return _open(uri, runs)
        except (OSError, StorageError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise StoreError(f"cannot open the run database {file}: {reason}") from error


def load_mlflow() -> None:
    """What must come before MLflow is imported for the first time, so that it reports to nobody."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    import mlflow.tracking

    logging.getLogger(mlflow.__name__).setLevel(logging.CRITICAL)  # it reports errors that are raised as well


def _open(uri: str, runs: Path) -> tuple[MlflowClient, str]:
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    address = database_address(uri)
    client = MlflowClient(
        address, registry_uri=address
    )  # champions stand beside their runs, whatever MLFLOW_REGISTRY_URI says
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        try:
            return client, client.create_experiment(EXPERIMENT, artifact_location=runs.as_uri())
        except MlflowException:
            experiment = client.get_experiment_by_name(EXPERIMENT)  # another program was first
            if experiment is None:
                raise
    if experiment.lifecycle_stage != "active":
        raise StoreError(
            f"the experiment '{EXPERIMENT}' in {shown(uri)} is deleted, expected an active one; "
            f"restore it with `mlflow experiments restore -x {experiment.experiment_id}`"
        )
    return client, experiment.experiment_id


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold `file`, created if needed, against every other process and thread. Released when the holder dies.

    Raises StoreError when it cannot be created.
    """
    try:
        handle = file.open("a")
    except OSError as error:
        raise StoreError(f"cannot create {file}: {error.strerror or error}; free or allow space there") from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def store_errors(uri: str) -> Iterator[None]:
    """Turns what MLflow and its database raise into StoreError, and a missing run into NotFound."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        if getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST":
            raise NotFound("there is no such run in the run database; list the runs with `mri runs`") from error
        reason = _reason(error, uri)
        if "database is locked" in reason:
            raise StoreError(_busy(shown(uri))) from error
        raise StoreError(f"the run database {shown(uri)} could not be used: {reason}") from error


def database_file(uri: str) -> Path | None:
    """The file of a SQLite address, None for a server's."""
    if uri.startswith(_SQLITE) and (name := unquote(uri.removeprefix(_SQLITE).partition("?")[0])) not in (
        "",
        ":memory:",
    ):
        return Path(name).absolute()
    if uri.startswith(_SERVERS):
        return None
    raise StoreError(
        f"MLFLOW_TRACKING_URI is '{shown(uri)}', expected sqlite:///FILE, postgresql://…, or http(s)://…; "
        "unset it to use the database in MRI_HOME"
    )


def _check_file(file: Path) -> None:
    """Raises StoreError unless `file` is missing, empty, or a database made by MLflow. Changes nothing."""
    if not os.access(file.parent, os.W_OK) or (file.exists() and not os.access(file, os.W_OK)):
        raise StoreError(f"the run database {file} cannot be written; set MRI_HOME to a directory you can write")
    if not file.exists() or file.stat().st_size == 0:
        return
    with file.open("rb") as handle:
        if handle.read(16) != b"SQLite format 3\0":
            raise StoreError(_foreign(file, "it is not a SQLite database"))
    try:
        tables = tables_of(file)
    except sqlite3.Error as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise StoreError(_busy(str(file))) from error
        raise StoreError(_foreign(file, str(error))) from error
    if tables and not {"experiments", "runs", "alembic_version"} <= tables:
        raise StoreError(_foreign(file, f"its tables are {', '.join(sorted(tables)[:5])}"))


def tables_of(file: Path, mode: str = "ro") -> set[str]:
    """The tables of a SQLite file, in which what a killed writer left unfinished is undone."""
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode={mode}", uri=True, timeout=PROBE_SECONDS)) as database:
            return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.OperationalError as error:
        # A killed writer left its journal: only a writer may undo the unfinished change.
        if mode == "ro" and error.sqlite_errorcode == sqlite3.SQLITE_READONLY_ROLLBACK:
            return tables_of(file, "rw")
        raise


def _count_rows(file: Path) -> None:
    """Let SQLite look at its tables, some rows of each: unless it knows them, it reads every run's losses for one's.

    A connection knows what was found before it was made.
    """
    if not file.exists():
        return
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(file, timeout=0)) as database:  # busy: next time
        database.execute(f"PRAGMA analysis_limit = {_ROWS_LOOKED_AT}")
        database.execute("ANALYZE")


def database_version(uri: str) -> tuple[object, ...] | None:
    """What changes with every change of the run database; None where that cannot be told, as of a server.

    SQLite counts changes in its header ("Database File Format", 1.3.10), unless it writes them beside the file first.
    """
    if (file := database_file(uri)) is None:
        return None
    found: list[object] = [str(file)]
    with suppress(FileNotFoundError), file.open("rb") as handle:
        handle.seek(_CHANGES_AT)
        found.append(handle.read(4))
    for each in (file, file.with_name(f"{file.name}-wal")):
        with suppress(FileNotFoundError):
            state = each.stat()
            found.append((state.st_ino, state.st_mtime_ns, state.st_size))
    return tuple(found)


def _check_server(uri: str) -> None:
    """One attempt to reach a server, where MLflow would try for minutes. Raises StoreError when nobody answers."""
    import sqlalchemy
    from mlflow.exceptions import MlflowException
    from mlflow.utils.rest_utils import MlflowHostCreds, http_request

    try:
        if uri.startswith("http"):
            http_request(  # any answer will do
                MlflowHostCreds(uri), "/health", "GET", max_retries=0, timeout=PROBE_SECONDS, raise_on_status=False
            )
        else:
            engine = sqlalchemy.create_engine(database_address(uri))
            engine.connect().close()
            engine.dispose()
    except (MlflowException, sqlalchemy.exc.SQLAlchemyError, ImportError) as error:
        reason = _reason(error, uri)
        raise StoreError(f"cannot reach the run database {shown(uri)}: {reason}; check MLFLOW_TRACKING_URI") from error


def database_address(uri: str) -> str:
    """`uri` for SQLAlchemy: of PostgreSQL with the driver that is installed with this program, and `_POSTGRES`."""
    import sqlalchemy

    if not uri.startswith("postgresql"):
        return uri
    url = sqlalchemy.make_url(uri)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg2")
    return url.update_query_dict(_POSTGRES | dict(url.query)).render_as_string(hide_password=False)


def shown(uri: str) -> str:
    """`uri` as it may be printed: the file of a SQLite address, and never a password."""
    import sqlalchemy

    if uri.startswith(_SQLITE):
        return uri.removeprefix(_SQLITE)
    try:
        url = sqlalchemy.make_url(uri)
        return url.difference_update_query(["password", "sslpassword"]).render_as_string(hide_password=True)
    except sqlalchemy.exc.ArgumentError:
        return uri


def _reason(error: Exception, uri: str) -> str:
    """What a library says of an error, on one line; MLflow quotes addresses with their passwords."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    for address in (database_address(uri), uri):
        reason = reason.replace(address, shown(uri))
    return reason


def _busy(name: str) -> str:
    return (
        f"the run database {name} is locked, expected it free within seconds; close the program that uses it, try again"
    )


def _foreign(file: Path, reason: str) -> str:
    return (
        f"{file} is not a run database ({reason}), expected one made by MLflow; move it away or set MLFLOW_TRACKING_URI"
    )
