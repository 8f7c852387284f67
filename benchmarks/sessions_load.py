"""Many people at the dashboard at once, with a training beside them: how long they wait, and what the server holds.

    python benchmarks/sessions_load.py [--dataset demo] [--sessions 50] [--seconds 600] [--thinking 7] [--out FILE.json]

A temporary home gets a copy of a data set of the home that MRI_HOME names, a run of two epochs, a dashboard, and a
training that lasts, started as the Train page starts it. Every session is a WebSocket and HTTP connections of its own.
It opens pages at random: three in eight Browse, with a filter and one of its pages; three in eight Predict, where it
uploads a PNG and waits for the answer; else Overview, Labels, Runs, Report, Thresholds, Failures, Compare or Train. It
fetches the pictures, lets the live view of the training redraw, and thinks between any two: exponentially distributed,
at most ten times the mean, as the visitors of the TPC-W benchmark do (mean 7 s). After some twenty pages it closes, and
somebody else comes.

A rerun lasts from sending the request to the message that the script has finished. What happens in the first part of
the time (--warm-up) is told apart. Prints one JSON document; MB are 10^6 bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from dashboard_client import Refused, Tab
from PIL import Image
from websockets.exceptions import WebSocketException

from mri_core.bench.session import FULL, Bench, open_bench
from mri_core.bench.trained import trained_run
from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.errors import MriError
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import make_spec
from mri_core.training.start import start_run

LONGEST_THOUGHT = 10.0
"""Times the mean."""
VISITS = (15, 25)
"""Pages that a session opens before it closes."""
PAGES = ("", "labels", "runs", "report", "thresholds", "failures", "compare", "train")
SAMPLE_SECONDS = 1.0
UPLOAD = "upload of a file"
OFTEN = 3 / 8
"""The share of visits that go to Browse, and to Predict."""


@dataclass
class Log:
    """What the sessions tell: (seconds since the start, what, seconds it took), errors and memory."""

    began: float = field(default_factory=time.perf_counter)
    times: list[tuple[float, str, float]] = field(default_factory=list)
    errors: list[tuple[float, str]] = field(default_factory=list)
    server: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Seconds since the start, MB of the server, MB of the processes that read files for it, its processor time."""
    pictures: int = 0
    sessions: int = 0

    @property
    def now(self) -> float:
        return time.perf_counter() - self.began

    def took(self, what: str, seconds: float) -> None:
        self.times.append((self.now, what, seconds))

    def wrong(self, what: str) -> None:
        self.errors.append((self.now, what))


def main() -> None:
    parser = argparse.ArgumentParser(description="Loads the dashboard with many sessions beside a training.")
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--thinking", type=float, default=7.0, help="seconds, the mean")
    parser.add_argument("--warm-up", type=float, default=None, help="seconds; a third of the time unless said")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    lent = open_dataset(given.dataset, Settings())
    with open_bench(FULL, 1, 0, lent) as bench:
        shutil.copytree(lent.folder, bench.settings.datasets / "demo")
        run, warm_up = trained_run(bench), given.warm_up or given.seconds / 3
        found = measure(bench, run, given.sessions, given.seconds, given.thinking, warm_up)
    text = json.dumps(found, indent=1)
    print(text)
    if given.out:
        given.out.write_text(text + "\n")


def measure(bench: Bench, run: Run, sessions: int, seconds: float, thinking: float, warm_up: float) -> dict:
    dataset = bench.demo()
    with dashboard(bench) as (server, place):
        spec = make_spec("cnn", {"epochs": 1000, "patience": 1000})
        training = start_run(spec, dataset, bench.settings)
        wait_for_training(bench.settings, training)
        load_before = psutil.getloadavg()[0]
        log = Log()
        people = [Person(log, place, dataset, run, thinking, random.Random(number)) for number in range(sessions)]
        asyncio.run(crowd(log, server, people, seconds))
        trained = RunStore(bench.settings).get(training.id)
        alive = server.is_running()
    return {
        "sessions": sessions,
        "seconds": seconds,
        "warm_up": warm_up,
        "thinking_seconds": thinking,
        "load_average_before": load_before,
        "load_average_after": psutil.getloadavg()[0],
        "cores": len(psutil.Process().cpu_affinity()),
        "server_is_alive": alive,
        "training": {"status": trained.status, "epochs": len(trained.history), "first_epochs_seconds": [
            round(row["seconds"], 1) for row in trained.history[:20]
        ]},
        "people": log.sessions,
        "pictures": log.pictures,
        "server_cpu_ms_a_rerun": cpu_ms_a_rerun(log, warm_up),
        "reruns": summary([(what, took) for at, what, took in log.times if at >= warm_up]),
        "reruns_while_warming_up": summary([(what, took) for at, what, took in log.times if at < warm_up]),
        "errors": [{"at": round(at, 1), "what": what} for at, what in log.errors],
        "memory": memory(log, warm_up, seconds),
    }  # fmt: skip


def wait_for_training(settings: Settings, run: Run) -> None:
    """Until it makes steps. Raises MriError when it ends before."""
    store = RunStore(settings)
    while not ((found := store.get(run.id)).progress and found.progress.step):
        if found.ended:
            raise MriError(f"the training beside ended: {found.error}")
        time.sleep(0.2)


@contextmanager
def dashboard(bench: Bench) -> Iterator[tuple[psutil.Process, str]]:
    """A server of its own, and where it listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ("--server.port", str(port), "--server.headless", "true", "--server.address", "127.0.0.1")
    said = bench.settings.root / "dashboard.log"
    with said.open("wb") as log, subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app/Home.py", *options],
        cwd=bench.root, env=bench.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
    ) as server:  # fmt: skip
        try:
            while not healthy(port):
                if server.poll() is not None:
                    raise MriError(f"the dashboard ended: {said.read_text()[-500:]}")
                time.sleep(0.1)
            yield psutil.Process(server.pid), f"127.0.0.1:{port}"
        finally:
            server.terminate()
            print(said.read_text()[-3000:], file=sys.stderr)


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


async def crowd(log: Log, server: psutil.Process, people: Sequence[Person], seconds: float) -> None:
    """Sessions that come one after the other in the first seconds and go on until the time is over."""
    watching = asyncio.create_task(watch(log, server))
    coming = [asyncio.create_task(person.stay(seconds)) for person in people]
    await asyncio.gather(*coming)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching


async def watch(log: Log, server: psutil.Process) -> None:
    while True:
        children = 0
        for child in server.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if "reader_process" in " ".join(child.cmdline()):  # trainings are children of the engine
                    children += child.memory_info().rss
        used = server.cpu_times()
        log.server.append((log.now, server.memory_info().rss / 1e6, children / 1e6, used.user + used.system))
        await asyncio.sleep(SAMPLE_SECONDS)


@dataclass
class Person:
    """Somebody at a browser, then somebody else at the same place."""

    log: Log
    place: str
    dataset: Dataset
    run: Run
    thinking: float
    random: random.Random

    async def stay(self, seconds: float) -> None:
        await asyncio.sleep(self._thought())
        while self.log.now < seconds:
            self.log.sessions += 1
            tab = Tab(self.place)
            try:
                await tab.open()
                await self._look_around(tab, seconds)
                await tab.close()
            except (Refused, OSError, TimeoutError, WebSocketException) as error:
                self.log.wrong(f"{type(error).__name__}: {error}")
                await asyncio.sleep(self._thought())

    async def _look_around(self, tab: Tab, seconds: float) -> None:
        for _ in range(self.random.randint(*VISITS)):
            if self.log.now >= seconds:
                return
            chance = self.random.random()
            if chance < OFTEN:
                await self._predict(tab)
            elif chance < 2 * OFTEN:
                await self._open(tab, "browse", **self._any_slices())
            else:
                path = self.random.choice(PAGES)
                judged = {"run": self.run.id} if path in ("report", "thresholds", "failures") else {}
                await self._open(tab, path, **judged)
            await self._think(tab)

    def _thought(self) -> float:
        return min(self.random.expovariate(1 / self.thinking), LONGEST_THOUGHT * self.thinking)

    def _any_slices(self) -> dict[str, str]:
        label = self.random.choice((None, *self.dataset.label_names))
        split = self.random.choice((None, "train", "test"))
        asked = {"label": label, "split": split, "page": str(self.random.randint(1, 40))}
        return {name: value for name, value in asked.items() if value}

    async def _open(self, tab: Tab, path: str, **query: str) -> None:
        self.log.took(path or "overview", await tab.visit(path, **query))
        await self._see(tab, path or "overview")

    async def _predict(self, tab: Tab) -> None:
        await self._open(tab, "predict", run=self.run.id)
        await self._think(tab)
        number = self.random.randrange(len(self.dataset.pixels))
        uploaded, drawn = await tab.upload(f"slice {number}.png", png(self.dataset.pixels[number]))
        self.log.took(UPLOAD, uploaded)
        self.log.took("prediction", drawn)
        if not tab.page.pictures:
            self.log.wrong("the prediction shows no slice")
        await self._see(tab, "prediction")

    async def _see(self, tab: Tab, what: str) -> None:
        for problem in tab.page.problems:
            self.log.wrong(f"{what}: {problem}")
        self.log.pictures += await tab.fetch_pictures()

    async def _think(self, tab: Tab) -> None:
        """Meanwhile the page redraws what it wants to."""
        until = time.perf_counter() + self._thought()
        due = {name: time.perf_counter() + every for name, every in tab.page.redrawn.items()}
        while due and min(due.values()) < until:
            name = min(due, key=due.__getitem__)
            await asyncio.sleep(max(0.0, due[name] - time.perf_counter()))
            self.log.took("live view", await tab.redraw(name))
            due = {name: time.perf_counter() + every for name, every in tab.page.redrawn.items()}
        await asyncio.sleep(max(0.0, until - time.perf_counter()))


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(buffer, "PNG")
    return buffer.getvalue()


def summary(times: list[tuple[str, float]]) -> dict[str, dict[str, float]]:
    """Kind -> how many and the percentiles of their seconds; "all" has every rerun, which the upload itself is not."""
    by_kind: dict[str, list[float]] = defaultdict(list)
    for what, took in times:
        by_kind[what].append(took)
        if what != UPLOAD:
            by_kind["all"].append(took)
    return {kind: percentiles(by_kind[kind]) for kind in sorted(by_kind)}


def percentiles(seconds: list[float]) -> dict[str, float]:
    found = {f"p{share}": float(np.percentile(seconds, share)) for share in (50, 95, 99)}
    return {"count": len(seconds)} | {name: round(value, 4) for name, value in (found | {"max": max(seconds)}).items()}


def cpu_ms_a_rerun(log: Log, warm_up: float) -> float:
    """Of the server alone, with the uploads and the pictures; it says what the machine's other work cannot change."""
    samples = [used for at, _, _, used in log.server if at >= warm_up]
    reruns = sum(at >= warm_up and what != UPLOAD for at, what, _ in log.times)
    return round(1000 * (samples[-1] - samples[0]) / reruns, 1) if reruns else float("nan")


def memory(log: Log, warm_up: float, seconds: float) -> dict:
    """Medians of a tenth of the time, after the warm-up and at the end."""
    window = seconds / 10

    def at(start: float) -> list[float]:
        some = [sample[1:3] for sample in log.server if start <= sample[0] < start + window]
        return [float(value) for value in np.median(some, axis=0).round(1)] if some else [float("nan")] * 2

    (server, readers), (server_end, readers_end) = at(warm_up), at(seconds - window)
    return {
        "server_mb_after_warm_up": server,
        "server_mb_at_the_end": server_end,
        "growth": round(server_end / server - 1, 4),
        "reading_children_mb_after_warm_up": readers,
        "reading_children_mb_at_the_end": readers_end,
        "server_mb_each_tenth": [at(number * window)[0] for number in range(10)],
    }


if __name__ == "__main__":
    main()
