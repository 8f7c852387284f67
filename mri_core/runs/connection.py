"""The connection to the run database: checked before MLflow may touch it, made once in a process.

MLflow writes its tables into whatever database it is given and tries for minutes to open a broken one. So the file is
looked at first, and a database that is not MLflow's is refused unchanged.
"""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mri_core.errors import NotFound, StorageError, StoreError
from mri_core.locking import locked
from mri_core.runs.database import PROBE_SECONDS, busy, check_file, count_rows, database_address, database_file, shown
from mri_core.settings import Settings, make_folder

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

EXPERIMENT = "mri"
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
                check_file(file)
                count_rows(file)
                return _open(uri, runs)
        except (OSError, StorageError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise StoreError(f"cannot open the run database {file}: {reason}") from error


def load_mlflow() -> None:
    """What must come before MLflow is imported for the first time: it reports to nobody, and does not wait for long."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    # Of a server: else a call could take minutes, and with it whoever waits for the same run's lock.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "12")
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
            raise StoreError(busy(shown(uri))) from error
        raise StoreError(f"the run database {shown(uri)} could not be used: {reason}") from error


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


def _reason(error: Exception, uri: str) -> str:
    """What a library says of an error, on one line; MLflow quotes addresses with their passwords."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    for address in (database_address(uri), uri):
        reason = reason.replace(address, shown(uri))
    return reason
