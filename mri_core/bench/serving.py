"""How long clients of `mri serve` wait at fifty requests a second, beside a service that limits nothing."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager

from mri_core.bench.pairs import Quantity, Reading, compare, interleave
from mri_core.bench.record import Goal, Measurement
from mri_core.bench.session import Bench
from mri_core.bench.trained import trained_run
from mri_core.errors import MriError

RATE = 50
"""Requests a second, at random moments."""
EDGE = 256
"""Of the PNG in each request, in pixels."""
_SECONDS, _QUICK_SECONDS = 30, 5
_LARGEST_P99 = 20
_STARTING_SECONDS = 120.0


def serving(bench: Bench) -> list[Measurement]:
    """The median and the 99th percentile from the moment a request is due to its answer, over real sockets."""
    run = trained_run(bench)
    ours = ("-m", "mri_core", "serve", run.id, "--port")
    plain = (bench.peer("plain_service.py"), run.folder / "model.onnx")
    sides = {"ours": lambda: under_load(bench, *ours), "plain": lambda: under_load(bench, *plain)}
    taken = interleave(sides, bench.repeats, bench.advance)
    title = f"a PNG of {EDGE}×{EDGE} pixels, {RATE} requests a second"
    return [
        compare(f"{title}: {what}", Quantity(key, "ms", "less"), taken["ours"], "plain FastAPI", taken["plain"], goals)
        for what, key, goals in (("median", "p50", ()), ("99th percentile", "p99", (Goal("ours", _LARGEST_P99),)))
    ]


def under_load(bench: Bench, *service: object) -> Reading:
    """Start a service, whose last argument is its port, and ask it. Raises MriError when a request fails."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    seconds = _SECONDS if bench.sizes.full else _QUICK_SECONDS
    slices = bench.demo().folder / "slices.npy"
    with bench.process(*service, port) as server, _heard_out(server):
        began = time.monotonic()
        while not _answers(port):
            if server.poll() is not None:
                raise MriError(f"the service ended with status {server.returncode}")
            if time.monotonic() - began > _STARTING_SECONDS:
                raise MriError(f"the service did not answer within {_STARTING_SECONDS:.0f} s")
            time.sleep(0.1)
        client = bench.peer("service_load.py")
        found = bench.run(
            client, f"http://127.0.0.1:{port}", slices, "--rate", RATE, "--seconds", seconds, "--edge", EDGE
        )
    if found["failed"]:
        raise MriError(f"{found['failed']} of {found['requests']} requests failed: {found['problem']}")
    return found


@contextmanager
def _heard_out(server: subprocess.Popen[str]) -> Iterator[None]:
    """Read what a service says, so that its log does not fill the pipe and stop it. It is ended afterwards."""
    reading = threading.Thread(target=server.communicate)
    reading.start()
    try:
        yield
    finally:
        server.kill()
        reading.join()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
