"""How quickly the dashboard and the predictor answer, each beside a bare peer in the same run.

    python benchmarks/web.py [RUN]

Uses the home that MRI_HOME names: it must hold a data set and an ended run (`last` by default). Prints a Markdown
table of minimum, median and maximum over the repeats. Peers: an empty Streamlit app for start-up; ONNX Runtime called
raw for one slice.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mri_core.datasets.dataset import open_dataset
from mri_core.prediction.predictor import load_predictor
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("overview", "browse", "labels", "augment", "train", "runs", "report", "predict")


def main() -> None:
    store = RunStore(Settings())
    run = store.find(sys.argv[1] if len(sys.argv) > 1 else "last")
    print("| what | minimum | median | maximum | median against peer |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text("import streamlit as st\nst.title('bare')\n")
        peer = row("bare Streamlit, start to healthy", repeated(lambda: start_up(bare), 3))
        row("dashboard, start to healthy", repeated(lambda: start_up(ROOT / "app" / "Home.py"), 3), peer)
    predictor = load_predictor(run.folder)
    one = np.asarray(open_dataset(run.dataset_name, store.settings).pixels[:1])
    image = np.ascontiguousarray(one[..., None] if one.ndim == 3 else one)
    peer = row(
        "ONNX Runtime raw, one slice",
        repeated(lambda: timed(lambda: predictor.session.run(None, {"slices": image})), 200),
    )
    row("predictor, one slice", repeated(lambda: timed(lambda: predictor.probabilities(one)), 200), peer)
    row(
        "reading a run with its history (what the live view polls)",
        repeated(lambda: timed(lambda: store.get(run.id)), 20),
    )
    for page in PAGES:
        row(f"rerun of {page}", reruns(page, run.id))


def reruns(page: str, run_id: str) -> list[float]:
    from streamlit.testing.v1 import AppTest

    at = AppTest.from_file(str(ROOT / "app" / "Home.py"), default_timeout=60).run()
    at.query_params["run"] = run_id
    at.switch_page(f"views/{page}.py").run()
    return repeated(lambda: timed(at.run), 7)


def start_up(script: Path) -> float:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(script),
        "--server.port",
        str(port),
        "--server.headless",
        "true",
    ]
    began = time.perf_counter()
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not healthy(port):
            time.sleep(0.01)
        return time.perf_counter() - began
    finally:
        server.terminate()
        server.wait()


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def repeated(measure: Callable[[], float], times: int) -> list[float]:
    measure()
    return [measure() for _ in range(times)]


def row(what: str, seconds: list[float], peer: float | None = None) -> float:
    median = statistics.median(seconds)
    cells = [f"{value * 1000:.2f} ms" for value in (min(seconds), median, max(seconds))]
    print(f"| {what} | {' | '.join(cells)} | {f'{median / peer:.2f} ×' if peer else ''} |", flush=True)
    return median


if __name__ == "__main__":
    main()
