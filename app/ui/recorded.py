"""What the run database holds, as it is now: runs, the queue, champions. Kept until the database changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import streamlit as st

from app.ui.cache import settings
from mri_core.errors import NotFound
from mri_core.runs import champions as registry
from mri_core.runs.champions import Promotion
from mri_core.runs.database import database_version
from mri_core.runs.liveness import settle
from mri_core.runs.queue import Queue, read_queue
from mri_core.runs.revival import revive
from mri_core.runs.run import STATUSES, Run, Status
from mri_core.runs.store import RunStore

Found = TypeVar("Found")
MOST_LISTED = 100
"""Runs that a page lists or offers, the newest, unless it is asked for more: each takes a millisecond to read."""


def store() -> RunStore:
    return RunStore(settings())


def _as_recorded(read: partial[Found]) -> Found:
    """What the run database holds, which is asked again when it has changed. read: a function of a home's runs."""
    return read() if database_version(settings().tracking_uri) is None else _recorded(read)


def _question(read: partial[Any]) -> str:
    return repr((database_version(settings().tracking_uri), read.func.__qualname__, read.args[1:]))


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs={partial: _question})
def _recorded(read: partial[Found]) -> Found:
    return read()


def runs(
    dataset_name: str | None = None,
    statuses: Collection[Status] = STATUSES,
    text: str = "",
    limit: int = MOST_LISTED,
    also: Sequence[str] = (),
) -> list[Run]:
    """Runs without their histories, newest first, as they are now.

    text: see `RunStore.list`. also: ids of runs that follow where they exist and are not among the newest.
    """
    found = _as_recorded(partial(RunStore.list, store(), dataset_name, tuple(statuses), limit, text))
    listed = _as_they_are(found)
    for run_id in dict.fromkeys(also):
        if run_id not in {each.id for each in listed}:
            with suppress(NotFound):
                listed.append(run(run_id))
    return listed


def run(run_id: str) -> Run:
    """A run with its history, as it is now."""
    return _as_they_are([_as_recorded(partial(RunStore.get, store(), run_id))])[0]


def active_run(dataset_name: str) -> Run | None:
    """The run of a data set that is running, else the newest that waits, without its history."""
    for status in ("running", "queued"):
        if newest := runs(dataset_name, statuses=(status,), limit=1):
            return newest[0]
    return None


def _as_they_are(recorded: Sequence[Run]) -> list[Run]:
    """Runs that may have lost their process, which go on with another engine if they had one."""
    if not all(run.ended for run in recorded):
        revive(settings())
    home = store()
    return [settle(home, run) for run in recorded]


def queue() -> Queue:
    """What trains, waits and failed, as it is now. What a lost engine left is taken up again."""
    revive(settings())
    return read_queue(store())


def champion(dataset_name: str) -> Run | None:
    """The run that is the champion of a data set, as it is now."""
    return _as_recorded(partial(RunStore.champion, store(), dataset_name))


def champions() -> dict[str, Promotion]:
    """Data set -> the promotion of its present champion."""
    return _as_recorded(partial(registry.champions, settings()))


def promotions(dataset_name: str) -> tuple[Promotion, ...]:
    """All champions that a data set has had, newest first."""
    return _as_recorded(partial(registry.promotions, settings(), dataset_name))
