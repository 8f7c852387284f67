"""A real Dask scheduler elsewhere, on this machine: workers that come and go, and what each run takes of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

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
def _running(*command: str) -> Iterator[None]:
    with subprocess.Popen([DASK, *command, "--no-dashboard"], stderr=subprocess.DEVNULL, env=os.environ) as process:
        try:
            yield
        finally:
            process.kill()


@contextmanager
def worker(settings: Settings, *arguments: str) -> Iterator[None]:
    command = ("worker", settings.scheduler, "--nthreads", "1", "--no-nanny", "--memory-limit", "0", *arguments)
    with _running(*command, "--local-directory", str(settings.root / "scratch")):
        yield


def _listens(settings: Settings, workers: int) -> bool:
    with client_of(settings) as client:
        plugins = client.run(lambda dask_worker: list(dask_worker.plugins))
    return len(plugins) == workers and all(any("listening" in name for name in each) for each in plugins.values())


def test_each_run_takes_its_own_resources_and_every_worker_listens(settings):
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
        wait_until(lambda: _listens(settings, 2))
        workers.enter_context(worker(settings, "--resources", "GPU=2"))
        wait_until(lambda: store.get(ids["GPU=2"]).ended)
    assert [store.get(run_id).status for run_id in ids.values()] == ["finished"] * 3
