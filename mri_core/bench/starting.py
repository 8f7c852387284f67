"""Start-up: of the dashboard against an empty Streamlit app, and of a run against a plain script."""

from __future__ import annotations

import importlib
import socket
import time
import urllib.error
import urllib.request
from contextlib import closing, suppress

import psutil

from mri_core.bench.pairs import SECONDS, Reading, compare, interleave
from mri_core.bench.record import Goal, Measurement
from mri_core.bench.session import Bench
from mri_core.bench.training import KERAS
from mri_core.errors import MriError
from mri_core.runs.liveness import read_engine
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import make_spec
from mri_core.training.start import start_run

_LONGEST = 300.0
_LOOK_SECONDS = 0.1


def dashboard(bench: Bench) -> list[Measurement]:
    """From the start of the server's process to its first healthy answer."""
    bench.demo()
    sides = {
        "ours": lambda: {"seconds": until_healthy(bench, str(bench.root / "app" / "Home.py"))},
        "bare": lambda: {"seconds": until_healthy(bench, bench.peer("bare_streamlit.py"))},
    }
    taken = interleave(sides, max(bench.repeats, 3), bench.advance)
    goals = (Goal("ours", 2.5),)
    return [compare("dashboard, start to healthy", SECONDS, taken["ours"], "empty Streamlit app", taken["bare"], goals)]


def start_of_run(bench: Bench) -> list[Measurement]:
    """From the button, `start_run`, to the first training step; cold: the engine has to start as well."""
    folder = bench.demo().folder
    RunStore(bench.settings).list()  # what the server has loaded long before anyone presses its button
    importlib.import_module("distributed")

    def cold() -> Reading:
        end_engine(bench.settings)
        return {"seconds": until_first_step(bench)}

    def script() -> Reading:
        found = bench.run(bench.peer("plain_keras.py"), folder, "--epochs", 1, "--first-step")
        return {"seconds": found["first_step"] - found["began"]}

    def importing() -> Reading:
        found = bench.run("-c", "import tensorflow, time; print('{\"at\": %r}' % time.time())")
        return {"seconds": found["at"] - found["began"]}

    sides = {"cold": cold, "warm": lambda: {"seconds": until_first_step(bench)}, "script": script, "import": importing}
    taken = interleave(sides, bench.repeats, bench.advance)
    end_engine(bench.settings)
    goals = (Goal("ours", 10),)
    return [
        compare("start of a run to its first step, cold engine", SECONDS, taken["cold"], KERAS, taken["script"], goals),
        compare("start of a run to its first step, warm engine", SECONDS, taken["warm"], KERAS, taken["script"], goals),
        compare("the same, warm", SECONDS, taken["warm"], "`import tensorflow` alone", taken["import"]),
    ]


def until_healthy(bench: Bench, script: str) -> float:
    """Seconds from starting Streamlit on a script until its health check answers. Raises MriError when it ends."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.perf_counter()
    options = ("--server.port", port, "--server.headless", "true", "--server.address", "127.0.0.1")
    with bench.process("-m", "streamlit", "run", script, *options) as server:
        while not _healthy(port):
            if server.poll() is not None:
                raise MriError(f"the server ended with status {server.returncode}")
            if time.perf_counter() - began > _LONGEST:
                raise MriError(f"the server was not healthy within {_LONGEST:.0f} s")
            time.sleep(0.01)
        return time.perf_counter() - began


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def until_first_step(bench: Bench) -> float:
    """Seconds from `start_run` to the first step, as the run's progress tells it; at most half a second too long.

    The run is then stopped and seen to its end, so that the next one meets an idle machine.
    """
    store = RunStore(bench.settings)
    began = time.time()
    run = start_run(make_spec("cnn"), bench.demo(), bench.settings)
    while not (run.progress and run.progress.step) and not run.ended and time.time() - began < _LONGEST:
        time.sleep(_LOOK_SECONDS)
        run = store.get(run.id)
    if not run.progress or not run.progress.step:
        raise MriError(f"the run is {run.status} and made no step: {run.error or 'no reason is known'}")
    seconds = run.progress.updated - began
    if not run.ended:
        store.request_stop(run.id)
    while not store.get(run.id).ended and time.time() - began < 2 * _LONGEST:
        time.sleep(_LOOK_SECONDS)
    return seconds


def end_engine(settings: Settings) -> None:
    """End the local engine of a home, if it has one, and wait until it is gone."""
    if engine := read_engine(settings):
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(engine["process"]["pid"])
            process.kill()  # it holds nothing that its home does not; waiting for its farewell would take seconds
            process.wait()
