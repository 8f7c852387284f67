"""A cluster that is disturbed while it trains: `python -m tests.soak.cluster`, as root on Linux.

PostgreSQL, a scheduler with TLS and three workers, each of these in a network namespace and with a host name of its
own, train small runs. Meanwhile workers, whole hosts, the scheduler and the database are killed, one host is cut off
the network and one is frozen. Nobody looks. It prints a JSON object; its exit status is 1 unless every run finished,
with the probabilities of an undisturbed run, to the bit.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from mri_core.bench.session import own_settings
from mri_core.datasets.demo.generate import make_demo
from mri_core.errors import EngineError, StoreError
from mri_core.runs.engine import submit
from mri_core.runs.run import ENDED, Run
from mri_core.runs.store import RunStore
from mri_core.runs.supervise import supervise
from mri_core.settings import Settings
from mri_core.training.presets import make_spec
from mri_core.training.spec import TrainingSpec
from tests.cluster.postgres import Postgres, postgres
from tests.soak.kills import same

# Of this program's own, for as long as it runs: another one may run beside it.
HOSTS = tuple(f"mri{os.getpid()}-{number}" for number in (1, 2, 3))
BRIDGE, NETWORK = f"mri{os.getpid()}-0", f"10.77.{os.getpid() % 256}"
RECIPE = Path(__file__).resolve().parents[2] / "docs" / "cluster.md"
EVENTS = ("worker", "host", "database", "cut", "scheduler", "freeze", "worker", "scheduler", "database", "host")


@dataclass(frozen=True)
class Plan:
    """What is tried.

    runs: in all, with `seeds` seeds in turn. events: what is done, in this order. pause: seconds between two of them,
    on average. away: seconds for which a host is cut off, or frozen.
    """

    runs: int = 24
    seeds: int = 3
    epochs: int = 60
    events: tuple[str, ...] = EVENTS
    pause: float = 8.0
    away: float = 60.0

    def spec(self, seed: int) -> TrainingSpec:
        return make_spec("linear", {"epochs": self.epochs, "patience": self.epochs, "seed": seed})


def can_be_tried() -> bool:
    """Whether this user may make hosts of their own, and has the programs for it."""
    programs = all(map(shutil.which, ("ip", "unshare", "openssl")))
    return programs and subprocess.run(("unshare", "--net", "--uts", "true"), capture_output=True).returncode == 0


@dataclass
class Cluster:
    """What is running, and what has been done to it.

    away: see `Plan`. back: host -> when it comes back. noticed: seconds until a run of a lost host was queued again.
    """

    folder: Path
    settings: Settings
    database: Postgres
    away: float
    processes: dict[str, psutil.Popen] = field(default_factory=dict)
    back: dict[str, float] = field(default_factory=dict)
    lost: dict[tuple[str, int], tuple[float, str]] = field(default_factory=dict)
    noticed: dict[str, list[float]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    def keep(self) -> None:
        """Start what is not running, as systemd would, and end what has lasted long enough."""
        for name in ("scheduler", *HOSTS):
            process = self.processes.get(name)
            if process is None or process.poll() is not None:
                self.processes[name] = self._start(name)
        for name, when in list(self.back.items()):
            if time.monotonic() > when:
                del self.back[name]
                _run("ip", "link", "set", name, "up")
                for process in _processes_on(name, self.settings):
                    _send(process, signal.SIGCONT)

    def _start(self, name: str) -> psutil.Popen:
        dask = str(Path(sys.executable).with_name("dask"))
        if name == "scheduler":
            command = [dask, "scheduler", "--protocol", "tls", "--host", f"{NETWORK}.1", "--port", "8786"]
        else:
            command = ["ip", "netns", "exec", name, "unshare", "--uts", "sh", "-c", 'hostname "$0"; exec "$@"', name]
            command += [dask, "worker", self.settings.scheduler, "--host", _address(name), "--nthreads", "1"]
            command += ["--no-nanny", "--memory-limit", "0", "--local-directory", str(self.folder / name)]
            command += ["--preload", "mri_core.runs.listening"]
        with (self.folder / f"{name}.log").open("ab") as log:
            environment = os.environ | self.settings.environment() | {"MRI_SOAK_HOST": name}
            return psutil.Popen([*command, "--no-dashboard"], stdout=log, stderr=log, env=environment)

    def disturb(self, event: str, runs: list[Run]) -> bool:
        """Whether it could be done: hosts are hit while they train. runs: as they are now."""
        if event == "database":
            self.database.kill()
            time.sleep(3)
            self.database.start()
        elif event == "scheduler":
            _send(self.processes["scheduler"], signal.SIGKILL)
        else:
            at_work = {self.processes[host].pid: host for host in set(HOSTS) - self.back.keys()}
            busy = [run for run in runs if run.claim and not run.ended and run.claim.process.pid in at_work]
            if not busy:
                return False
            run = max(busy, key=lambda run: (-run.attempt, run.created))  # one that was spared, the last to end
            host = at_work[run.claim.process.pid]
            if event != "worker":
                self.lost[run.id, run.attempt] = time.monotonic(), event
            self._hit(event, host)
        self.done[event] += 1
        return True

    def _hit(self, event: str, host: str) -> None:
        if event == "worker":
            _send(self.processes[host], signal.SIGKILL)
        elif event == "cut":
            _run("ip", "link", "set", host, "down")
            self.back[host] = time.monotonic() + self.away
        else:
            for process in _processes_on(host, self.settings):
                _send(process, signal.SIGKILL if event == "host" else signal.SIGSTOP)
            if event == "freeze":
                self.back[host] = time.monotonic() + self.away

    def look(self, runs: list[Run]) -> None:
        """Note which losses have been noticed."""
        attempts = {run.id: run.attempt for run in runs}
        ended = {run.id for run in runs if run.ended}
        for (run_id, attempt), (when, event) in list(self.lost.items()):
            if attempts[run_id] > attempt:
                self.noticed.setdefault(event, []).append(round(time.monotonic() - when, 1))
            if attempts[run_id] > attempt or run_id in ended:
                del self.lost[run_id, attempt]


def disturb_cluster(folder: Path, plan: Plan, seed: int) -> dict[str, Any]:
    """Returns what was done and found, by name."""
    chance = random.Random(seed)
    undisturbed = _undisturbed(own_settings(folder / "undisturbed"), plan)
    with _network(), postgres(f"{NETWORK}.1", durable=True) as database, _credentials(folder):
        place = folder / "undisturbed" / "datasets"
        variables = {"MRI_HOME": str(folder / "home"), "MLFLOW_TRACKING_URI": database.uri}
        variables |= {"MRI_SCHEDULER": f"tls://{NETWORK}.1:8786", "MRI_DATASETS_URL": place.as_uri()}
        settings = Settings.model_validate(variables)
        cluster, store = Cluster(folder, settings, database, plan.away), RunStore(settings)
        try:
            cluster.keep()
            ids = [_queued(store, undisturbed[number % plan.seeds]) for number in range(plan.runs)]
            began = time.monotonic()
            _see_through(cluster, store, chance, plan)
            ended = [store.get(run_id) for run_id in ids]
        finally:
            for process in psutil.process_iter():
                if _home(process) == str(settings.root):
                    _send(process, signal.SIGKILL)
        return {
            "runs": dict(Counter(run.status for run in ended)),
            "different": [
                run.id for number, run in enumerate(ended) if not same(run, undisturbed[number % plan.seeds])
            ],
            "attempts": sum(run.attempt for run in ended),
            "saved": sum((run.folder / "log.txt").read_text().count("exported to ONNX") for run in ended),
            "disturbed": dict(cluster.done),
            "left undone": [event for event in plan.events if not cluster.done[event]],
            "noticed after": cluster.noticed,
            "seconds": round(time.monotonic() - began),
            "seed": seed,
        }


def _see_through(cluster: Cluster, store: RunStore, chance: random.Random, plan: Plan) -> None:
    """Until every run has ended."""
    events, following = list(plan.events), time.monotonic() + plan.pause
    while True:
        time.sleep(1)
        cluster.keep()
        with suppress(StoreError, EngineError):
            runs = list(store.list())
            cluster.look(runs)
            if all(run.status in ENDED for run in runs) and not cluster.back:
                return
            # A run that is lost again and again before an epoch is over fails, as it should; a busy machine needs time.
            due = sum(run.ended for run in runs) >= cluster.done.total() * plan.runs // (2 * len(plan.events))
            if events and due and time.monotonic() > following and cluster.disturb(events[0], runs):
                told = dict(Counter(run.status for run in runs))
                print(f"{events.pop(0)} of {told}", file=sys.stderr, flush=True)
                following = time.monotonic() + chance.uniform(0.5, 1.5) * plan.pause


def _undisturbed(settings: Settings, plan: Plan) -> list[Run]:
    """One run of each seed, trained alone."""
    dataset, store = make_demo(settings, slices=300), RunStore(settings)
    specs = [plan.spec(seed) for seed in range(plan.seeds)]
    ids = [store.create(spec, dataset.name, dataset.fingerprint, dataset.label_names).id for spec in specs]
    for run_id in ids:
        supervise(run_id, settings.environment())
    return [store.get(run_id) for run_id in ids]


def _queued(store: RunStore, model: Run) -> str:
    run = store.create(model.spec, model.dataset_name, model.dataset_fingerprint, model.label_names)
    while True:
        with suppress(EngineError):  # the scheduler is not there yet
            submit(run.id, store.settings)
            return run.id
        time.sleep(1)


@contextmanager
def _credentials(folder: Path) -> Iterator[None]:
    """Made by the commands that the documentation gives, and named in the environment as it says."""
    (commands,) = re.findall(r"```sh\n(openssl [^`]*)```", RECIPE.read_text())
    subprocess.run(["sh", "-e", "-c", commands], cwd=folder, check=True, capture_output=True)
    variables = dict(re.findall(r"^export (DASK_\w+)=(\S+)$", RECIPE.read_text(), re.MULTILINE))
    assert len(variables) > 8, f"{RECIPE} names only {sorted(variables)}"
    here = {name: value.replace("/etc/mri", str(folder)) for name, value in variables.items()}
    before = dict(os.environ)
    os.environ.update(here)
    import dask

    dask.config.refresh()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        dask.config.refresh()


@contextmanager
def _network() -> Iterator[None]:
    """A bridge on this host, and for each worker a namespace of its own that is joined to it."""
    try:
        _run("ip", "link", "add", BRIDGE, "type", "bridge")
        _run("ip", "address", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
        _run("ip", "link", "set", BRIDGE, "up")
        for host in HOSTS:
            _run("ip", "netns", "add", host)
            _run("ip", "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", host)
            _run("ip", "link", "set", host, "master", BRIDGE, "up")
            for command in (f"address add {_address(host)}/24 dev eth0", "link set eth0 up", "link set lo up"):
                _run("ip", "-n", host, *command.split())
        yield
    finally:
        for host in HOSTS:
            subprocess.run(["ip", "netns", "delete", host], capture_output=True)
        subprocess.run(["ip", "link", "delete", BRIDGE], capture_output=True)


def _address(host: str) -> str:
    return f"{NETWORK}.{11 + HOSTS.index(host)}"


def _processes_on(host: str, settings: Settings) -> list[psutil.Process]:
    """The worker of a host and the trainings that it started, in this test's home only."""
    return [
        process
        for process in psutil.process_iter()
        if _home(process) == str(settings.root) and _variable(process, "MRI_SOAK_HOST") == host
    ]


def _home(process: psutil.Process) -> str | None:
    return _variable(process, "MRI_HOME")


def _variable(process: psutil.Process, name: str) -> str | None:
    try:
        return process.environ().get(name)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=Plan.runs)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--events", nargs="+", choices=sorted({*EVENTS}), default=EVENTS, help="what is done")
    parser.add_argument("--pause", type=float, default=Plan.pause, help="seconds between two of them, on average")
    parser.add_argument("--away", type=float, default=Plan.away, help="seconds for which a host is cut off, or frozen")
    parser.add_argument("--keep", type=Path, help="a folder to work in, which stays")
    options = parser.parse_args()
    if not can_be_tried():
        parser.error("it takes root on Linux, with the programs ip, unshare and openssl")
    with tempfile.TemporaryDirectory(prefix="mri-soak-") as folder:
        top = options.keep or Path(folder)
        top.mkdir(exist_ok=True)
        plan = Plan(options.runs, events=tuple(options.events), pause=options.pause, away=options.away)
        found = disturb_cluster(top, plan, options.seed)
    print(json.dumps(found))
    return int(found["runs"] != {"finished": options.runs} or bool(found["different"] or found["left undone"]))


if __name__ == "__main__":
    raise SystemExit(main())
