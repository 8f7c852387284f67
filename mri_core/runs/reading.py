"""Finding MLflow's records of runs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from mri_core.errors import InvalidInput, NotFound
from mri_core.runs.records import MLFLOW_STATUS, run_of
from mri_core.runs.run import STATUSES, Run, Status

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun
    from mlflow.tracking import MlflowClient

PAGE = 1000
"""The most records that are read at once."""


def get_record(client: MlflowClient, run_id: str) -> MlflowRun:
    """The record with this id. Raises NotFound where there is none, or it was deleted."""
    if not re.fullmatch("[0-9a-f]{32}", run_id):
        raise NotFound(f"there is no run '{run_id}', expected an id of 32 characters; list the runs with `mri runs`")
    record = client.get_run(run_id)
    if record.info.lifecycle_stage != "active":
        raise NotFound(f"run {run_id} was deleted; list the runs with `mri runs`")
    return record


def search_records(
    client: MlflowClient, experiment: str, filters: Collection[str], page: int = PAGE
) -> Iterator[MlflowRun]:
    """Records that pass all filters (MLflow's language), newest first, read by `page` at a time as they are used."""
    token = None
    while True:
        found = client.search_runs(
            [experiment],
            " and ".join(filters),
            max_results=page,
            order_by=["attributes.start_time DESC"],
            page_token=token,
        )
        yield from found
        token = found.token
        if not token:
            return


def filters_of(dataset: str | None, statuses: Collection[Status], claimed: bool) -> list[str]:
    """What the database can tell apart of runs of one data set, of some statuses, in somebody's hand."""
    # One that MLflow calls running is queued until its process is known: `run_of` tells them apart.
    wanted = {*statuses, "running"} if "queued" in statuses else statuses
    filters = [f"attributes.status != '{MLFLOW_STATUS[status]}'" for status in STATUSES if status not in wanted]
    if dataset is not None:
        quote = '"' if "'" in dataset else "'"
        filters.append(f"tags.`mri.dataset` = {quote}{dataset}{quote}")
    if claimed:
        filters.append("tags.`mri.claim` LIKE '%'")
    return filters


def readable(records: Iterable[MlflowRun], folder: Path) -> Iterator[Run]:
    """The runs of records, without those that this version cannot read. folder: of all runs' folders."""
    for record in records:
        with suppress(InvalidInput):
            yield run_of(record, folder)


def _newest(client: MlflowClient, experiment: str, filters: Collection[str], count: int) -> list[MlflowRun]:
    return list(islice(search_records(client, experiment, filters, count), count))


def find_id(client: MlflowClient, experiment: str, beginning: str) -> str | None:
    """The only id that begins so, None where none does. Raises InvalidInput where several do."""
    match _newest(client, experiment, [f"attributes.run_id LIKE '{beginning}%'"], 6):
        case []:
            return None
        case [record]:
            return record.info.run_id
        case several:
            raise InvalidInput(f"'{beginning}' begins the ids of several runs: {_named(several)}; give more of it")


def unknown(client: MlflowClient, experiment: str, text: str) -> NotFound:
    """The error to raise for a run that is not there."""
    known = _newest(client, experiment, [], 5)
    existing = f"expected the beginning of an id such as {_named(known)}" if known else "there are no runs yet"
    return NotFound(f"there is no run '{text}'; {existing}; list the runs with `mri runs`")


def next_name(client: MlflowClient, experiment: str, architecture: str) -> str:
    """The name of the next run of an architecture: "cnn 3" after "cnn 2"."""
    newest = _newest(client, experiment, [f"attributes.run_name LIKE '{architecture} %'"], 50)
    numbers = [re.fullmatch(rf"{re.escape(architecture)} (\d+)", record.info.run_name) for record in newest]
    return f"{architecture} {1 + max((int(number[1]) for number in numbers if number), default=0)}"


def _named(records: Sequence[MlflowRun]) -> str:
    return ", ".join(f"{record.info.run_id[:8]} ({record.info.run_name})" for record in records)
