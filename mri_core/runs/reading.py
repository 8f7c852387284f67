"""Finding MLflow's records of runs."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from mri_core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun
    from mlflow.tracking import MlflowClient

_PAGE = 1000


def get_record(client: MlflowClient, run_id: str) -> MlflowRun:
    """The record with this id. Raises NotFound where there is none, or it was deleted."""
    if not re.fullmatch("[0-9a-f]{32}", run_id):
        raise NotFound(f"there is no run '{run_id}', expected an id of 32 characters; list the runs with `mri runs`")
    record = client.get_run(run_id)
    if record.info.lifecycle_stage != "active":
        raise NotFound(f"run {run_id} was deleted; list the runs with `mri runs`")
    return record


def search_records(
    client: MlflowClient, experiment: str, filters: Collection[str], limit: int | None = None
) -> Sequence[MlflowRun]:
    """Records that pass all filters (MLflow's language), newest first."""
    records: list[MlflowRun] = []
    token = None
    while limit is None or len(records) < limit:
        page = client.search_runs(
            [experiment],
            " and ".join(filters),
            max_results=_PAGE if limit is None else min(_PAGE, limit - len(records)),
            order_by=["attributes.start_time DESC"],
            page_token=token,
        )
        records += page
        token = page.token
        if not token:
            break
    return records


def find_id(client: MlflowClient, experiment: str, beginning: str) -> str | None:
    """The only id that begins so, None where none does. Raises InvalidInput where several do."""
    match search_records(client, experiment, [f"attributes.run_id LIKE '{beginning}%'"], limit=6):
        case []:
            return None
        case [record]:
            return record.info.run_id
        case several:
            raise InvalidInput(f"'{beginning}' begins the ids of several runs: {_named(several)}; give more of it")


def unknown(client: MlflowClient, experiment: str, text: str) -> NotFound:
    """The error to raise for a run that is not there."""
    known = search_records(client, experiment, [], limit=5)
    existing = f"expected the beginning of an id such as {_named(known)}" if known else "there are no runs yet"
    return NotFound(f"there is no run '{text}'; {existing}; list the runs with `mri runs`")


def next_name(client: MlflowClient, experiment: str, architecture: str) -> str:
    """The name of the next run of an architecture: "cnn 3" after "cnn 2"."""
    newest = search_records(client, experiment, [f"attributes.run_name LIKE '{architecture} %'"], limit=50)
    numbers = [re.fullmatch(rf"{re.escape(architecture)} (\d+)", record.info.run_name) for record in newest]
    return f"{architecture} {1 + max((int(number[1]) for number in numbers if number), default=0)}"


def _named(records: Sequence[MlflowRun]) -> str:
    return ", ".join(f"{record.info.run_id[:8]} ({record.info.run_name})" for record in records)
