"""Readers given input after input in confined children, watched from here: whatever ends or stops a child is kept."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from mri_core.images.limits import LIMITS
from tests.fuzzing.child import READINGS, SEEN_BYTES, Done, Job

ROOT = Path(__file__).resolve().parents[2]
INPUTS_A_CHILD = 50_000
_JOB_SECONDS = 2.0


@dataclass(frozen=True)
class Failure:
    """An input that did what none may. what: in words. trace: the last lines that the child wrote.

    read: inputs of the same job, this one and those before it. late: whether it did not end, rather than badly.
    """

    what: str
    data: bytes
    trace: str
    read: int = 0
    late: bool = False


class Child:
    """A confined process that reads inputs, in an empty folder of its own."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="fuzzing-")
        self.folder = Path(self._temporary.name)
        with tempfile.TemporaryFile() as shared:
            shared.truncate(SEEN_BYTES)
            self._seen = mmap.mmap(shared.fileno(), SEEN_BYTES)
            answers, its_answers = os.pipe()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzzing.child", str(shared.fileno()), str(its_answers)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(shared.fileno(), its_answers),
                start_new_session=True,
                cwd=self.folder,
                env=os.environ
                | {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.folder), "OPENBLAS_NUM_THREADS": "1"}
                | {"PYTHONDONTWRITEBYTECODE": "1"},
            )
        os.close(its_answers)
        self._answers = os.fdopen(answers, "rb")
        self.read = 0
        self._printed: deque[bytes] = deque(maxlen=20)
        self._trace: deque[bytes] = deque(maxlen=40)
        self._threads = [
            threading.Thread(target=lines.extend, args=(stream,))
            for lines, stream in ((self._printed, self._process.stdout), (self._trace, self._process.stderr))
        ]
        for thread in self._threads:
            thread.start()
        self._answers.readline()  # it is confined from here on, and its time is counted

    @property
    def pid(self) -> int:
        return self._process.pid

    def work(self, job: Job) -> Done | Failure:
        """Have inputs read. After a failure the child is gone."""
        before = first = self._begun()
        stream = cast(BinaryIO, self._process.stdin)
        stream.write(json.dumps(asdict(job)).encode() + b"\n")
        stream.flush()
        began = time.monotonic()
        while not select.select([self._answers], [], [], 0.25)[0]:
            if self._begun() != before:
                before, began = self._begun(), time.monotonic()
            elif time.monotonic() - began > LIMITS.seconds:
                return replace(self._failed(first, f"it took longer than {LIMITS.seconds} seconds"), late=True)
        line = self._answers.readline()
        if not line:
            return self._failed(first, f"it ended the process (code {self._process.wait()})")
        done = Done(**json.loads(line))
        self.read += done.read
        return done

    def end(self) -> str:
        """End the process, and say what it left behind or wrote that it should not have."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for thread in self._threads:
            thread.join()
        self._answers.close()
        left = sorted(path.name for path in self.folder.iterdir())
        self._temporary.cleanup()
        found = [f"it left files: {left}"] if left else []
        if self._printed:
            found.append(f"it wrote to the standard output: {b''.join(self._printed)[:200]!r}")
        return "; ".join(found)

    def _begun(self) -> int:
        return int.from_bytes(self._seen[:8], "little")

    def _failed(self, first: int, what: str) -> Failure:
        data = self._seen[16 : 16 + int.from_bytes(self._seen[8:16], "little")]
        beside = self.end()
        trace = b"".join(self._trace).decode(errors="replace")
        return Failure("; ".join(part for part in (what, beside) if part), data, trace, self._begun() - first)


@dataclass
class Count:
    """What became of a format's inputs so far. slowest: seconds on the clock. processor: seconds of the processes.

    Of inputs before one that failed, in the same job, only the number is known.
    """

    inputs: int = 0
    slices: int = 0
    refused: int = 0
    memory: int = 0
    failures: int = 0
    interesting: int = 0
    slowest: float = 0.0
    processor: float = 0.0

    def add(self, done: Done) -> None:
        self.inputs += done.read
        self.slices += done.slices
        self.refused += done.refused
        self.memory += done.memory
        self.processor += done.processor
        self.interesting += len(done.interesting)
        self.slowest = max(self.slowest, done.slowest)


class Campaign:
    """Inputs of one format, counted and kept in a folder, so that the next campaign goes on where this one ends.

    folder: `count.json`, the inputs that took a new way in interesting/, those that failed in failed/.
    """

    def __init__(self, format_name: str, folder: Path, seed: int = 0) -> None:
        self.format = format_name
        self.failures: list[Failure] = []
        self._seed = seed
        self._folder = folder / format_name
        for name in ("interesting", "failed"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        kept = self._folder / "count.json"
        self.count = Count(**json.loads(kept.read_text())) if kept.exists() else Count()
        self._next = self.count.inputs
        self._interesting = [path.read_bytes().hex() for path in sorted((self._folder / "interesting").iterdir())]
        self._lock = threading.Lock()

    def run(self, inputs: int, seconds: float, processes: int) -> None:
        """Read until there were so many inputs in all campaigns, or for so long."""
        until = time.monotonic() + seconds
        threads = [threading.Thread(target=self._go_on, args=(inputs, until)) for _ in range(processes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _go_on(self, inputs: int, until: float) -> None:
        child, known = Child(), 0
        try:
            while (left := until - time.monotonic()) > 0 and (share := self._share(inputs)):
                first, count = share
                new, known = self._interesting[known:], len(self._interesting)
                job = Job(self.format, self._seed, first, count, min(left, _JOB_SECONDS), tuple(new))
                done = child.work(job)
                if isinstance(done, Failure) or child.read >= INPUTS_A_CHILD:
                    if not isinstance(done, Failure):
                        self._ended(child.end())
                    child, known = Child(), 0
                if isinstance(done, Failure) and done.late:
                    if self._late_again(child, done.data):
                        child = Child()
                    else:
                        done = Done(read=done.read)
                self._took(done)
        finally:
            self._ended(child.end())

    def _late_again(self, child: Child, data: bytes) -> bool:
        """Whether an input takes too long also by itself: on a busy machine any may, once."""
        jobs = (Job(self.format, 0, reading, 1, 0, given=data.hex()) for reading in range(len(READINGS)))
        return any(isinstance(child.work(job), Failure) for job in jobs)

    def _share(self, inputs: int) -> tuple[int, int] | None:
        with self._lock:
            count = min(2000, inputs - self.count.inputs)
            self._next += 2000
            return (self._next - 2000, count) if count > 0 else None

    def _took(self, done: Done | Failure) -> None:
        with self._lock:
            if isinstance(done, Failure):
                self._failed(done)
            else:
                self.count.add(done)
                for text in done.interesting:
                    self._interesting.append(text)
                    self._keep("interesting", bytes.fromhex(text))
            (self._folder / "count.json").write_text(json.dumps(asdict(self.count), indent=1))

    def _ended(self, what: str) -> None:
        if what:
            with self._lock:
                self._failed(Failure(what, b"", ""))

    def _failed(self, failure: Failure) -> None:
        self.failures.append(failure)
        self.count.failures += 1
        self.count.inputs += failure.read
        path = self._keep("failed", failure.data)
        path.with_suffix(".txt").write_text(f"{failure.what}\n{failure.trace}")

    def _keep(self, folder: str, data: bytes) -> Path:
        path = self._folder / folder / hashlib.sha256(data).hexdigest()[:16]
        path.write_bytes(data)
        return path
