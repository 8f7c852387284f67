"""A real Dask scheduler elsewhere, on this machine: workers that come and go, and what each run takes of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest
from run_support import queue, stub, wait_until

from mri_core.runs.engine import client_of, submit
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

DASK = str(Path(sys.executable).with_name("dask"))


@pytest.fixture(scope="module")
def settings(tmp_path_factory, empty_database) -> Iterator[Settings]:
    home = tmp_path_factory.mktemp("home")
    shutil.copy(empty_database, home)
    address = home / "scheduler.json"
    with _running("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(address)):
        wait_until(address.exists)
        with _client(address) as client:
            yield Settings(home=home, scheduler=client.scheduler.address)


@contextmanager
def _client(address: Path):
    from distributed import Client

    with Client(scheduler_file=str(address), set_as_default=False) as client:
        yield client


@contextmanager
def _running(*command: str, environment: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    environment = os.environ | environment
    with subprocess.Popen([DASK, *command, "--no-dashboard"], stderr=subprocess.DEVNULL, env=environment) as process:
        try:
            yield
        finally:
            process.kill()


@contextmanager
def worker(settings: Settings, *arguments: str) -> Iterator[None]:
    command = ("worker", settings.scheduler, "--nthreads", "1", "--no-nanny", "--memory-limit", "0", *arguments)
    with _running(*command, "--local-directory", str(settings.root / "scratch"), environment=settings.environment()):
        yield


@pytest.fixture(autouse=True)
def _each_begins_without_workers(settings) -> None:
    wait_until(lambda: not _workers(settings))


def _workers(settings: Settings) -> list[str]:
    with client_of(settings) as client:
        return list(client.scheduler_info()["workers"])


def _listening(settings: Settings) -> list[bool]:
    """Of each worker."""

    def listens() -> bool:
        return "listening" in [thread.name for thread in threading.enumerate()]

    with client_of(settings) as client:
        return list(client.run(listens).values())


def test_workers_listen_from_their_start_or_from_their_first_run_on(settings):
    store = RunStore(settings)
    with worker(settings):
        wait_until(lambda: _listening(settings) == [False])
        run_id = queue(store)
        submit(run_id, settings, stub("record"))
        wait_until(lambda: store.get(run_id).ended)
        assert _listening(settings) == [True]
    with worker(settings, "--preload", "mri_core.runs.listening"):
        wait_until(lambda: _listening(settings) == [True])


def test_each_run_takes_its_own_resources(settings):
    store = RunStore(settings)
    ids = {takes: queue(RunStore(settings.taking(takes))) for takes in ("GPU=2", "GPU=1", "")}
    with ExitStack() as workers:
        for run_id in ids.values():
            submit(run_id, settings, stub("record"))
        workers.enter_context(worker(settings))
        wait_until(lambda: store.get(ids[""]).ended)
        assert [store.get(ids[takes]).status for takes in ("GPU=2", "GPU=1")] == ["queued", "queued"]
        workers.enter_context(worker(settings, "--resources", "GPU=1"))
        wait_until(lambda: store.get(ids["GPU=1"]).ended)
        assert store.get(ids["GPU=2"]).status == "queued"
        workers.enter_context(worker(settings, "--resources", "GPU=2"))
        wait_until(lambda: store.get(ids["GPU=2"]).ended)
    assert [store.get(run_id).status for run_id in ids.values()] == ["finished"] * 3


def test_what_waits_for_a_busy_worker_goes_to_one_that_joins(settings):
    cluster = settings.taking("GPU=1")
    store, gate = RunStore(cluster), settings.root / "gate"
    with worker(settings, "--resources", "GPU=1"):
        held, *others = (queue(store) for _ in range(3))
        submit(held, cluster, stub("gate"))
        wait_until(lambda: store.get(held).process)
        for run_id in others:
            submit(run_id, cluster, stub("record"))
        with worker(settings, "--resources", "GPU=1"):
            wait_until(lambda: all(store.get(run_id).ended for run_id in others))
            assert not store.get(held).ended
            gate.touch()
            wait_until(lambda: store.get(held).ended)
