"""What the measurements of the service and of the evidence make of their processes' answers, and the load itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bench_support import TINY, ScriptedBench

from mri_core.bench import serving as serving_module
from mri_core.bench.evidence import evidence
from mri_core.bench.serving import serving, under_load
from mri_core.bench.session import Bench, find_checkout
from mri_core.datasets.dataset import open_dataset
from mri_core.datasets.demo.generate import LEAST_PIXELS
from mri_core.errors import MriError

# Stands for a service.
STUB = """
import sys, json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.answer(b"{}")
    def do_POST(self):
        assert self.rfile.read(int(self.headers["Content-Length"])).count(b"PNG") == 1
        self.answer(json.dumps([SAID]).encode())
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[-1])), Answers).serve_forever()
"""


@pytest.fixture
def bench(trained, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(serving_module, "_SECONDS", 0.4)
    return Bench(find_checkout(), trained.settings, TINY, 1, 0, "none")


def test_a_service_under_load_is_timed(bench: Bench) -> None:
    found = under_load(bench, "-c", STUB.replace("SAID", '{"probabilities": {}}'))
    assert found["requests"] > 5 and found["failed"] == 0
    assert 0 < found["p50"] <= found["p95"] <= found["p99"] <= found["max"]


def test_a_service_that_fails_has_no_time(bench: Bench) -> None:
    with pytest.raises(MriError, match=r"(\d+) of \1 requests failed: 200: \[\{\"error\": \"no\"\}\]"):
        under_load(bench, "-c", STUB.replace("SAID", '{"error": "no"}'))
    with pytest.raises(MriError, match="ended with status 3"):
        under_load(bench, "-c", "import sys; sys.exit(3)")


def test_waiting_for_one_that_stalls_counts_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request is timed from the moment it was due, however late it could be sent."""
    monkeypatch.syspath_prepend(str(find_checkout() / "benchmarks"))
    import service_load

    monkeypatch.setattr(service_load, "answered", lambda place, body: "")
    late = service_load.timed("", [b""], service_load.time.perf_counter() - 5, 0, 1.0)
    assert 4000 <= late[0] < 5000 and late[1] == ""
    moments = service_load.moments(50, 40)
    assert moments == sorted(moments) == service_load.moments(50, 40) and max(moments) < 40
    assert len(moments) == pytest.approx(2000, rel=0.1)  # Poisson: a standard deviation of 45
    assert np.std(np.diff(moments)) == pytest.approx(0.02, rel=0.1)


def test_both_sides_of_the_service_take_turns(trained, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def loaded(bench, *service):
        asked.append(service)
        return {"p50": 5.0, "p99": 19.0} if "serve" in service else {"p50": 4.0, "p99": 38.0}

    monkeypatch.setattr(serving_module, "under_load", loaded)
    bench = ScriptedBench(find_checkout(), trained.settings, TINY, 2, 0, "none")
    median, slowest = serving(bench)
    assert median.ratios == (0.8, 0.8) and slowest.ratios == (2.0, 2.0) and slowest.reaches(*slowest.goals)
    assert [trained.run_id in service for service in asked] == [True, False] * 2


def test_evidence_is_compared_with_pointing_anywhere(trained) -> None:
    share = {"slices": 60, "in_lesion": 0.95, "in_its_part": 0.1, "any_pixel_of_the_head": 0.19}
    told = {"labels": {"label 1": share}, "milliseconds": 150.0, "predictions": 100.0}

    def answer(script: str, run: str, slices: str):
        assert run == trained.run_id and slices == "60" and script.endswith("evidence_places.py")
        return {"methods": {"hidden halves": told}}

    bench = replace(ScriptedBench(find_checkout(), trained.settings, TINY, 1, 0, "none"), answer=answer)
    places, seconds = evidence(bench)
    assert places.ours == (95.0,) and places.ratios == pytest.approx((5.0,)) and places.reaches(*places.goals)
    assert seconds.ours == (150.0,) and seconds.peer == "500 predictions" and seconds.reaches(*seconds.goals)


def test_lesions_are_where_the_simulation_put_them(trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(find_checkout() / "benchmarks"))
    import evidence_places

    dataset = open_dataset("demo", trained.settings)
    rows = [int(row) for row in np.flatnonzero(dataset.truth.any(axis=1))[:1]]
    rows += [rows[0] + 1, rows[0] // 20 * 20]
    places = evidence_places.places_of(dataset, rows)  # which compares the pixels as well
    for row in rows:
        found = [int(part.sum()) for part in places[row].parts]
        assert [area >= least for area, least in zip(found, LEAST_PIXELS, strict=True)] == dataset.truth[row].tolist()
        assert all((part <= places[row].head).all() for part in places[row].parts)
