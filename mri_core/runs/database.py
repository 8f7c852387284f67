"""Run databases by their addresses, and SQLite's files: looked at before MLflow may touch them."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import unquote

from mri_core.errors import StoreError

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


def check_file(file: Path) -> None:
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
            raise StoreError(busy(str(file))) from error
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


def count_rows(file: Path) -> None:
    """Let SQLite look at its tables, some rows of each: unless it knows them, it reads every run's losses for one's.

    A connection knows what was found before it was made.
    """
    if not file.exists():
        return
    # Busy: next time. Damaged: whoever needs what is damaged says so.
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(file, timeout=0)) as database:
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


def busy(name: str) -> str:
    return (
        f"the run database {name} is locked, expected it free within seconds; close the program that uses it, try again"
    )


def _foreign(file: Path, reason: str) -> str:
    return (
        f"{file} is not a run database ({reason}), expected one made by MLflow; move it away or set MLFLOW_TRACKING_URI"
    )
