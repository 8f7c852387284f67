"""The workshop: processes that answer in JSON, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from bench_support import TINY

from mri_core.bench import session
from mri_core.bench.session import find_checkout, open_bench, own_settings
from mri_core.errors import MriError, NotFound


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setattr(session.tempfile, "tempdir", str(tmp_path))
    with open_bench(TINY, repeats=1, seeds=0, lent="none") as opened:
        yield opened


ANSWERS = {
    "all of it": "import json; print(json.dumps({'x': 1}, indent=1))",
    "the last line": "print('epoch 1'); print('{\"x\": 1}'); print()",
}


@pytest.mark.parametrize("case", ANSWERS)
def test_a_process_answers_in_json(bench, case):
    found = bench.run("-c", ANSWERS[case])
    assert found["x"] == 1 and found["seconds"] > 0 and found["began"] > 0


FAILURES = {
    "an error": ("raise ValueError('too\\nbad')", "status 1 and no result: bad"),
    "no document": ("print('done')", "status 0 and no result: done"),
    "a number": ("print(7)", "status 0 and no result: 7"),
    "silence": ("pass", "status 0 and no result: it said nothing"),
    "a document and an error": ("print('{\"x\": 1}'); raise SystemExit(3)", "status 3"),
    "a signal": ("import os; os.kill(os.getpid(), 9)", "status -9"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_process_that_fails_says_why(bench, case):
    code, said = FAILURES[case]
    with pytest.raises(MriError, match=said):
        bench.run("-c", code)


def test_a_process_that_hangs_is_ended(bench, monkeypatch):
    monkeypatch.setattr(session, "LONGEST_SECONDS", 0.2)
    with pytest.raises(MriError, match="longer than"):
        bench.run("-c", "import time; time.sleep(600)")
    assert served(bench.settings.root) == []


def test_processes_see_the_benchmark_s_own_home(bench, monkeypatch):
    monkeypatch.setenv("MRI_SCHEDULER", "tls://elsewhere:1")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////mine.db")
    code = (
        "import json; from mri_core.settings import Settings; s = Settings();"
        "print(json.dumps([str(s.root), s.tracking_uri, s.scheduler]))"
    )
    with bench.process("-c", code) as process:
        printed = process.communicate()[0]
    home = bench.settings.root
    assert printed.strip() == f'["{home}", "sqlite:///{home}/mlflow.db", ""]'


def test_settings_of_one_s_own(tmp_path, monkeypatch):
    monkeypatch.setenv("MRI_HOME", "/elsewhere")
    settings = own_settings(tmp_path)
    assert settings.root == tmp_path and settings.scheduler == "" and str(tmp_path) in settings.tracking_uri


@pytest.mark.parametrize("ending", [None, KeyboardInterrupt, RuntimeError])
def test_however_it_ends_nothing_stays(tmp_path, monkeypatch, ending):
    monkeypatch.setattr(session.tempfile, "tempdir", str(tmp_path))
    sleeper = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(600)"]

    def benchmark():
        with open_bench(TINY, 1, 0, "none") as bench, bench.process(*sleeper[1:]) as waited:
            (bench.settings.root / "file").write_text("x")
            detached = subprocess.Popen(
                sleeper, env=bench.environment, start_new_session=True, stdout=subprocess.PIPE, text=True
            )
            assert waited.stdout.readline() and detached.stdout.readline()
            homes.append(bench.settings.root)
            assert len(served(homes[0])) == 2
            if ending:
                raise ending
        detached.stdout.close()

    homes: list[Path] = []
    if ending:
        with pytest.raises(ending):
            benchmark()
    else:
        benchmark()
    assert served(homes[0]) == [] and list(tmp_path.iterdir()) == []


def test_without_a_checkout_there_are_no_peers(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "__file__", str(tmp_path / "site-packages" / "mri_core" / "bench" / "session.py"))
    with pytest.raises(NotFound, match=r"in benchmarks/ beside the package; run it in a checkout") as told:
        find_checkout()
    assert "\n" not in str(told.value)


def served(home: Path) -> list[int]:
    """Live processes that were started with this home."""
    found = []
    for process in psutil.process_iter():
        try:
            alive = process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid()
            if alive and process.environ().get("MRI_HOME") == str(home):
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
