"""One PostgreSQL server for the tests of this folder; each gets a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
import sqlalchemy

from mri_core.runs.database import database_address
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from tests.cluster.postgres import Postgres, postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(scope="session")
def made(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database in which MLflow has made its tables, which takes it seconds."""
    name = "made"
    _execute(server, f"CREATE DATABASE {name}")
    uri = server.uri.rpartition("/")[0] + "/" + name
    assert RunStore(Settings(home=tmp_path_factory.mktemp("made"), tracking_uri=uri)).list() == ()
    return name


@pytest.fixture
def uri(server: Postgres, made: str) -> str:
    """The address of a database with MLflow's empty tables."""
    name = f"test_{uuid4().hex}"
    # MLflow's pool keeps its connections, which a template may not have.
    _execute(server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{made}'")
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {made}")
    return server.uri.rpartition("/")[0] + "/" + name


def _execute(server: Postgres, statement: str) -> None:
    engine = sqlalchemy.create_engine(database_address(server.uri), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
