"""Kill the engine, the web server, and each of them together with a training: `python -m tests.soak.engine --kills 50`.

First engines are started at the same instant on a home of their own. Then runs train one after another, as `mri train`
starts them, while a browser's tab has the Queue page open. At a random instant of each run one kind of process, or
several at once, is killed; a server is started again, an engine is not, because the page sees to that. It prints a
JSON object; its exit status is 1 unless one engine served, every run finished by itself with the bits of an undisturbed
one, the database is whole, the page showed no error, and no process is left.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from websockets.exceptions import WebSocketException

from benchmarks.dashboard_client import Refused, Tab
from mri_core.bench.session import end_processes, own_settings
from mri_core.datasets.dataset import Dataset
from mri_core.datasets.demo.generate import make_demo
from mri_core.errors import EngineError
from mri_core.runs.liveness import ENGINE_FILE, read_engine
from mri_core.runs.revival import LOOKED_FILE
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import make_spec
from mri_core.training.start import resume_run, start_run
from tests.soak.homes import database_faults, processes_of
from tests.soak.kills import same

ROOT = Path(__file__).resolve().parents[2]
SPEC = (
    "dense-adam",
    {"epochs": 8, "patience": 8, "flips": "both", "flip_mode": "random", "shift": 2, "batch_size": 16},
)
ENGINE, SERVER, TRAINING = "mri_core.runs.daemon", "streamlit", "mri_core.training.worker"
TOGETHER = ((ENGINE,), (SERVER,), (ENGINE, TRAINING), (SERVER, TRAINING), (ENGINE, SERVER, TRAINING))
"""Killed at the same instant, in turn."""
PATIENCE = 600.0
"""Seconds after which a run has been lost."""


def kill_engines(home: Path, kills: int, seed: int, hurry: bool = False) -> dict[str, Any]:
    """hurry: do not wait until the page looks for lost engines again. Returns what was done and found, by name."""
    settings = own_settings(home)
    dataset, store, chance = make_demo(settings, slices=300), RunStore(settings), random.Random(seed)
    found: dict[str, Any] = {"kills": 0, "killed": {}, "resumed": 0, "failed": 0, "different": 0, "seed": seed}
    server = Server(settings)
    try:
        with Watcher(server.place) as watcher:
            began = time.monotonic()
            undisturbed = _await_end(store, _start(store, dataset).id)
            lasts = time.monotonic() - began
            for number in range(kills):
                run, began = _start(store, dataset), time.monotonic()
                if _over_by(store, run, began + chance.uniform(0, lasts)):  # the machine has less to do by now
                    lasts = time.monotonic() - began
                killed = _kill(settings, TOGETHER[number % len(TOGETHER)], run)
                for name in killed:
                    found["killed"][name] = found["killed"].get(name, 0) + 1
                found["kills"] += 1
                if SERVER in killed:
                    server.start_again()
                if hurry:
                    _let_time_pass(settings)
                run = _await_end(store, run.id)
                if run.status == "failed":
                    found["failed"] += 1
                    run = _await_end(store, resume_run(run, settings).id)
                found["resumed"] += run.attempt - 1
                found["different"] += not same(run, undisturbed)
            found["problems on the page"] = sorted(watcher.problems)
            found["looks"] = watcher.looks
        found["damage"] = database_faults(settings)
        found["runs"] = len(store.list())
        server.end()
        found["left"] = _left(settings)
    finally:
        server.end()
        end_processes(settings)
    return found


def _start(store: RunStore, dataset: Dataset) -> Run:
    """Where no engine answers in time, the run waits, and the page sees to it."""
    try:
        return start_run(make_spec(*SPEC), dataset, store.settings)
    except EngineError:
        return store.list(limit=1)[0]


def _over_by(store: RunStore, run: Run, instant: float) -> bool:
    """Whether a run ends before an instant of the monotonic clock, which is waited for otherwise."""
    while time.monotonic() < instant:
        if store.get(run.id).ended:
            return True
        time.sleep(0.1)
    return False


def start_engines(home: Path, engines: int) -> dict[str, Any]:
    """Start several engines of one home at the same instant. Returns how many there were, ended well, and serve."""
    settings = own_settings(home)
    RunStore(settings).list()
    environment = os.environ | settings.environment()
    started = [subprocess.Popen([sys.executable, "-m", ENGINE], env=environment) for _ in range(engines)]
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            ended = [each.poll() for each in started]
            serves = read_engine(settings)
            if ended.count(None) <= 1 and (serves or None not in ended):
                break
            time.sleep(0.1)
        alive = [each.pid for each in started if each.poll() is None]
        return {
            "started": engines,
            "ended well": ended.count(0),
            "serve": int(serves is not None and [serves["process"]["pid"]] == alive),
            "left": _left(settings),
        }
    finally:
        end_processes(settings)
        for each in started:
            each.wait()


def _kill(settings: Settings, names: tuple[str, ...], run: Run) -> list[str]:
    """Kill at once, and wait until they are gone. Returns the names of what was there to be killed."""
    victims = [
        (name, process)
        for name in names
        for process in processes_of(settings, name)
        if name != TRAINING or run.id in process.cmdline()
    ]
    for _, process in victims:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    while any(_lives(process) for _, process in victims):
        time.sleep(0.05)
    return [name for name, _ in victims]


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE  # an engine that a page has started stays one for a while
    return False


def _let_time_pass(settings: Settings) -> None:
    """As if the page had looked long ago."""
    with suppress(FileNotFoundError):
        os.utime(settings.engine / LOOKED_FILE, (0, 0))


def _await_end(store: RunStore, run_id: str) -> Run:
    deadline = time.monotonic() + PATIENCE
    while not (run := store.get(run_id)).ended:
        if time.monotonic() > deadline:
            raise TimeoutError(f"run {run_id} is {run.status} and has not ended in {PATIENCE:.0f} s")
        time.sleep(0.2)
    return run


def _left(settings: Settings) -> list[str]:
    """Processes of the home that stay when its engine has been asked to end."""
    (settings.engine / ENGINE_FILE).unlink(missing_ok=True)  # which asks it to
    deadline = time.monotonic() + 60
    while (left := processes_of(settings)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return [" ".join(process.cmdline()) for process in left]


class Server:
    """A dashboard on a port of its own."""

    def __init__(self, settings: Settings) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.place = f"127.0.0.1:{free.getsockname()[1]}"
        self._settings = settings
        self._start()

    def _start(self) -> None:
        port = self.place.rpartition(":")[2]
        options = ["--server.port", port, "--server.address", "127.0.0.1", "--server.headless", "true"]
        with (self._settings.root / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app/Home.py", *options],
                cwd=ROOT,
                env=os.environ | self._settings.environment(),
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 120
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._settings.root / "server.log").read_text()[-2000:])
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.place}/_stcore/health", timeout=5) as answer:
                return answer.status == 200
        except (OSError, http.client.HTTPException):
            return False

    def start_again(self) -> None:
        """Once it has been killed; its threads may end after it, and it has ended only then."""
        self._process.wait(60)
        self._start()

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(60)


class Watcher:
    """A tab that has the Queue page open, and opens it again when the server is gone. Use it as a context manager."""

    def __init__(self, place: str) -> None:
        self.problems: set[str] = set()
        self.looks = 0
        self._place, self._over = place, threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._watch()))

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    async def _watch(self) -> None:
        while not self._over.is_set():
            with suppress(OSError, WebSocketException, http.client.HTTPException, Refused, TimeoutError):
                await self._look()
            await asyncio.sleep(0.5)

    async def _look(self) -> None:
        tab = Tab(self._place)
        await tab.open()
        try:
            await tab.visit("queue")
            while not self._over.is_set():
                self.looks += 1
                self.problems.update(tab.page.problems)
                redrawn = dict(tab.page.redrawn)
                await asyncio.sleep(min(redrawn.values(), default=1.0))
                for part in redrawn:
                    await tab.redraw(part)
        finally:
            await tab.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--engines", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hurry", action="store_true", help="do not wait until the page looks for lost engines again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mri-soak-", ignore_cleanup_errors=True) as folder:
        at_once = start_engines(Path(folder) / "engines", options.engines)
        found = kill_engines(Path(folder) / "kills", options.kills, options.seed, options.hurry)
    print(json.dumps({"engines at once": at_once, **found}))
    bad = ("failed", "different", "problems on the page", "damage", "left")
    alone = at_once == {"started": options.engines, "ended well": options.engines - 1, "serve": 1, "left": []}
    return int(not alone or any(found[name] for name in bad) or found["runs"] != options.kills + 1)


if __name__ == "__main__":
    raise SystemExit(main())
