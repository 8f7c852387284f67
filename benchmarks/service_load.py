"""A prediction service under a steady load: how long clients wait when requests come as they come.

    python benchmarks/service_load.py ADDRESS SLICES.npy [--rate 50] [--seconds 30] [--edge 256]

Requests arrive at random moments (a Poisson process) that are drawn beforehand and do not wait for answers; each is
timed from its moment, so that a service that stalls pays for everyone it keeps waiting. (A client that asks again only
when it has its answer leaves these out: Tene, "How NOT to measure latency", 2013.) Every request sends one PNG over a
connection that is kept alive. The first two seconds warm up and are not counted. Prints one line of JSON, times in
milliseconds, with the machine's load average before it began.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import urlsplit

import numpy as np
import psutil
from PIL import Image

CLIENTS = 32
"""Connections. More requests than these at once wait for one, and their waiting counts."""
WARM_UP_SECONDS = 2.0
BOUNDARY = "a-boundary-that-no-png-holds"
PATIENCE = 30  # seconds

_own = threading.local()


def main() -> None:
    arguments = argparse.ArgumentParser(description="Times a prediction service under a steady load.")
    arguments.add_argument("address")
    arguments.add_argument("slices")
    arguments.add_argument("--rate", type=float, default=50.0, help="requests a second")
    arguments.add_argument("--seconds", type=float, default=30.0)
    arguments.add_argument("--edge", type=int, default=256, help="of the pictures, in pixels")
    given = arguments.parse_args()
    bodies = [form(png(pixels, given.edge)) for pixels in np.load(given.slices, mmap_mode="r")[:200]]
    due = moments(given.rate, WARM_UP_SECONDS + given.seconds)
    load_before = psutil.getloadavg()[0]
    began = time.perf_counter() + 0.5
    with ThreadPoolExecutor(CLIENTS) as clients:
        ask = partial(timed, urlsplit(given.address).netloc, bodies, began)
        answers = list(clients.map(ask, range(len(due)), due))
    counted = [answer for answer, moment in zip(answers, due, strict=True) if moment >= WARM_UP_SECONDS]
    print(json.dumps(summary(counted) | {"rate": given.rate, "edge": given.edge, "load_average": load_before}))


def moments(rate: float, seconds: float) -> list[float]:
    """Seconds from the start, the same each time."""
    gaps = np.random.default_rng(0).exponential(1 / rate, int(2 * rate * seconds) + 10)
    arrivals = np.cumsum(gaps)
    return arrivals[arrivals < seconds].tolist()


def png(pixels: np.ndarray, edge: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((edge, edge)).save(buffer, "PNG")
    return buffer.getvalue()


def form(file: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="slice.png"\r\n'
    return f"{head}Content-Type: image/png\r\n\r\n".encode() + file + f"\r\n--{BOUNDARY}--\r\n".encode()


def timed(place: str, bodies: list[bytes], began: float, number: int, due: float) -> tuple[float, str]:
    """Milliseconds from the moment a request was due to its whole answer, and what was wrong with it."""
    time.sleep(max(0.0, began + due - time.perf_counter()))
    problem = answered(place, bodies[number % len(bodies)])
    return (time.perf_counter() - began - due) * 1000, problem


def answered(place: str, body: bytes) -> str:
    if not hasattr(_own, "connection"):
        _own.connection = http.client.HTTPConnection(place, timeout=PATIENCE)
    try:
        _own.connection.request(
            "POST", "/v1/predict", body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        )
        reply = _own.connection.getresponse()
        said = reply.read()
    except (OSError, http.client.HTTPException) as error:
        _own.connection.close()
        return repr(error)
    if reply.status != 200 or "probabilities" not in json.loads(said)[0]:
        return f"{reply.status}: {said[:200].decode(errors='replace')}"
    return ""


def summary(answers: list[tuple[float, str]]) -> dict:
    waits = sorted(wait for wait, _ in answers)
    problems = [problem for _, problem in answers if problem]
    shares = {"p50": 50, "p95": 95, "p99": 99}
    found = {name: float(np.percentile(waits, share)) for name, share in shares.items()}
    return found | {
        "mean": statistics.mean(waits),
        "max": waits[-1],
        "requests": len(waits),
        "failed": len(problems),
        "problem": problems[0] if problems else "",
    }


if __name__ == "__main__":
    main()
