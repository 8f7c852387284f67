"""`Bench`: the workshop of one benchmark. Its home is a temporary folder; nothing in it outlives the benchmark."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.errors import MriError, NotFound
from mri_core.settings import Settings, make_folder

LONGEST_SECONDS = 3600.0
"""A process that takes longer has failed."""

DEMO = "demo"


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    slices: of the demo data set, 12 in 20 of them for training. epochs: of a training; the first one warms up.
    streamed: slices of the set that is streamed from disk, 0 for none; stream_seconds: for how long.
    browsed: slices of the set that is filtered and paged. files: imported. calls: of a prediction. reruns: of a page.
    full: whether the numbers are meant to be quoted.
    """

    slices: int
    epochs: int
    streamed: int
    stream_seconds: float
    browsed: int
    files: int
    calls: int
    reruns: int
    full: bool


FULL = Sizes(20_000, 3, 1_000_000, 20.0, 1_000_000, 20_000, 200, 15, full=True)
QUICK = Sizes(2_000, 4, 0, 0.0, 50_000, 2_000, 50, 5, full=False)


def _nowhere(_share: float) -> None:
    """Where progress goes that nobody follows."""


@dataclass(frozen=True)
class Bench:
    """What a measurement needs.

    root: the checkout, which holds the peers. settings: of the benchmark's own home.
    repeats: turns of every side. seeds: trainings to a score, 0 for none.
    lent: the data set of the user's that these read, or why there is none.
    advance: called with the share of the measurement that is done, in [0, 1].
    """

    root: Path
    settings: Settings
    sizes: Sizes
    repeats: int
    seeds: int
    lent: Dataset | str
    advance: Callable[[float], None] = _nowhere

    @property
    def environment(self) -> dict[str, str]:
        """Of every process that the benchmark starts: TensorFlow as it comes, but without its remarks."""
        return os.environ | self.settings.environment() | {"TF_CPP_MIN_LOG_LEVEL": "3"}

    def peer(self, name: str) -> str:
        """The path of a peer's script."""
        return str(self.root / "benchmarks" / name)

    def run(self, *arguments: object) -> dict[str, Any]:
        """Run Python with these arguments in a fresh process to its end.

        Returns the JSON object that it prints, as all of its output or in the last line, with "began" (seconds since
        1970) and "seconds" beside it. Raises MriError, with the last thing it said, when it fails.
        """
        began = time.time()
        with self.process(*arguments) as process:
            try:
                printed, said = process.communicate(timeout=LONGEST_SECONDS)
            except subprocess.TimeoutExpired as error:
                raise MriError(f"it took longer than {LONGEST_SECONDS:.0f} s and was ended") from error
        seconds = time.time() - began
        lines = [line.strip() for line in printed.splitlines() if line.strip()]
        document = _json_object(printed) or _json_object(lines[-1] if lines else "")
        if process.returncode == 0 and document:
            return {"began": began, "seconds": seconds, **document}
        words = [line.strip() for line in said.splitlines() if line.strip()] or lines or ["it said nothing"]
        raise MriError(f"it ended with status {process.returncode} and no result: {words[-1]}")

    @contextmanager
    def process(self, *arguments: object) -> Iterator[subprocess.Popen[str]]:
        """Python with these arguments, in a fresh process that is ended, with its children, when the block is left."""
        with subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def demo(self) -> Dataset:
        """The simulated data set, made when first asked for."""
        if not (self.settings.datasets / DEMO).exists():
            with self.process("-m", "mri_core", "demo", "--name", DEMO, "--slices", self.sizes.slices) as making:
                said = making.communicate(timeout=LONGEST_SECONDS)[1]
            if making.returncode:
                raise MriError(f"the demo data set could not be made: {said.strip().removeprefix('error: ')}")
        return open_dataset(DEMO, self.settings)


@contextmanager
def open_bench(sizes: Sizes, repeats: int, seeds: int, lent: Dataset | str) -> Iterator[Bench]:
    """A benchmark with a temporary home. However the block is left, no process and no file of it stays.

    Raises NotFound where the peers' scripts are not at hand.
    """
    root = find_checkout()
    with tempfile.TemporaryDirectory(prefix="mri-bench-", ignore_cleanup_errors=True) as folder:
        settings = own_settings(Path(folder))
        make_folder(settings.datasets)
        try:
            yield Bench(root, settings, sizes, repeats, seeds, lent)
        finally:
            end_processes(settings)


def own_settings(home: Path) -> Settings:
    """Settings of a home that stands by itself, whatever the environment says."""
    return Settings.model_validate(
        {"MRI_HOME": home, "MLFLOW_TRACKING_URI": f"sqlite:///{home.resolve() / 'mlflow.db'}", "MRI_SCHEDULER": ""}
    )


def find_checkout() -> Path:
    """The folder that holds `benchmarks/`. Raises NotFound in a package installed without it."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "benchmarks" / "plain_keras.py").is_file():
        raise NotFound(
            "`mri bench` needs the peers' scripts, expected in benchmarks/ beside the package; "
            "run it in a checkout of the source"
        )
    return root


def end_processes(settings: Settings) -> None:
    """End whatever serves a home that is nobody else's: engines, and the trainings they started."""
    for _ in range(2):  # what was being started during the first look is found by the second
        found = [process for process in psutil.process_iter() if _home_of(process) == str(settings.root)]
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=10)


def _home_of(process: psutil.Process) -> str | None:
    """The home that a process was started with; None for this one, and for others' processes."""
    if process.pid == os.getpid():
        return None
    with suppress(psutil.Error):
        return process.environ().get("MRI_HOME")
    return None


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
