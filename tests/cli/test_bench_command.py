"""`mri bench` as a user types it, with measurements that cost nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from mri_core import cli
from mri_core.bench import bench as module
from mri_core.bench import session
from mri_core.bench.machine import Machine
from mri_core.bench.record import Goal, Measurement, missing
from mri_core.bench.table import MEASUREMENTS, Entry
from mri_core.datasets.dataset import Dataset
from mri_core.datasets.demo.generate import make_demo

STEPS = Measurement("steps", "images/s", "more", (3.0, 4.0), "plain", (1.0, 1.0), (Goal("ratio", 2),))


@pytest.fixture
def bench(monkeypatch, capsys, home):
    """`mri bench` in this process on two false measurements: (exit status, standard output, standard error)."""
    machine = Machine("Abacus", 2, (), 4.0, "Linux", "3.11", {"keras": "3"}, (), {})
    monkeypatch.setattr(module, "describe_machine", lambda bench: machine)
    for name in list(MEASUREMENTS):
        monkeypatch.delitem(MEASUREMENTS, name)
    seen: list[session.Bench] = []
    monkeypatch.setitem(MEASUREMENTS, "steps", Entry(lambda bench: seen.append(bench) or [STEPS], 1, 1))
    monkeypatch.setitem(MEASUREMENTS, "torch", Entry(lambda bench: [missing("torch", "not installed")], 1, 1))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mri", "bench", *arguments])
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ending:
            cli.main()
        return (ending.value.code, *capsys.readouterr())

    run.seen = seen
    return run


def test_for_people(bench):
    status, printed, said = bench("--repeats", "2")
    assert status == 0 and "3.00 × – 3.50 × – 4.00 ×" in printed and "≥ 2 ×: reached" in printed and "Abacus" in printed
    assert "1 of 2: steps" in said and "not measured: torch: not installed" in said


def test_json_is_one_document(bench):
    status, printed, _ = bench("--json", "--quick")
    found = json.loads(printed)
    assert status == 0 and found["command"] == "mri bench --json --quick" and found["repeats"] == 1
    assert found["measurements"][0]["ratios"] == [3.0, 4.0]


def test_only_some(bench):
    assert [one["name"] for one in json.loads(bench("--only", "torch", "--json")[1])["measurements"]] == ["torch"]
    status, printed, said = bench("--only", "tortch")
    assert status == 1 and printed == "" and said.startswith("error: there is no measurement 'tortch' (did you mean")


def test_a_kept_page(bench, tmp_path):
    file = tmp_path / "performance.md"
    file.write_text("mine\n<!-- mri bench: begin -->\n<!-- mri bench: end -->\nmine too\n")
    assert bench("--out", str(file))[0] == 0
    text = file.read_text()
    assert text.startswith("mine\n") and text.endswith("mine too\n") and f"`mri bench --out {file}`" in text
    assert bench("--out", str(tmp_path / "page.json"))[0] == 0
    assert json.loads((tmp_path / "page.json").read_text())["measurements"][1]["problem"] == "not installed"


def test_a_page_that_cannot_be_kept_is_refused_before_anything_is_measured(bench, tmp_path):
    (tmp_path / "mine.md").write_text("mine")
    status, _, said = bench("--out", str(tmp_path / "mine.md"))
    assert status == 1 and said.startswith("error: ") and said.count("\n") == 1 and bench.seen == []


def test_without_a_checkout(bench, monkeypatch, tmp_path):
    monkeypatch.setattr(session, "__file__", str(tmp_path / "a" / "b" / "session.py"))
    status, _, said = bench()
    assert status == 1 and said.count("\n") == 1 and "benchmarks/" in said


def test_the_user_s_data_set_is_lent(bench, home):
    bench("--seeds", "2")
    make_demo(home, slices=100)
    bench("--seeds", "2")
    nothing, lent = (one.lent for one in bench.seen)
    assert (
        "there is no data set 'demo'" in nothing and isinstance(lent, Dataset) and lent.folder.is_relative_to(home.root)
    )


def test_ctrl_c_leaves_nothing(home, tmp_path):
    """In a process of its own, interrupted while TensorFlow measures the machine."""
    (tmp_path / "tmp").mkdir()
    command = [sys.executable, "-m", "mri_core", "bench", "--quick", "--only", "import"]
    environment = os.environ | {"TMPDIR": str(tmp_path / "tmp")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as mri:
        assert mri.stderr.readline().strip() == "the machine"
        while not (children := psutil.Process(mri.pid).children()):
            assert mri.poll() is None
        mri.send_signal(signal.SIGINT)
        printed, said = mri.communicate(timeout=60)
    assert mri.returncode == 1 and printed == "" and said.startswith("error: interrupted") and "Traceback" not in said
    assert not any(child.is_running() for child in children) and list((tmp_path / "tmp").iterdir()) == []
