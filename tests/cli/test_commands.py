"""Every command, as a user types it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from mri_core import cli
from mri_core.datasets.dataset import list_datasets
from mri_core.models import ARCHITECTURES
from mri_core.runs.liveness import read_engine
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

COMMANDS = [command.name for command in cli.app.registered_commands]


def mri(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "mri_core", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, timeout=300)


@pytest.fixture
def document(typed):
    """What a command that could be done printed."""

    def run(*arguments: object):
        status, printed, said = typed(*arguments, "--json")
        assert status == 0, said
        return json.loads(printed)

    return run


@pytest.fixture
def refused(typed):
    """The one line of a command that could not be done."""

    def run(*arguments: object) -> str:
        status, printed, said = typed(*arguments)
        assert status == 1 and printed == "" and said.startswith("error: ") and said.count("\n") == 1, said
        return said

    return run


@pytest.fixture
def engine_ended(home):
    """End the local engine that a command started."""
    import psutil

    yield
    engine = read_engine(home)
    if engine:
        process = psutil.Process(engine["process"]["pid"])
        process.terminate()
        process.wait(20)


def test_from_nothing_to_a_label_probability(home, engine_ended, document, refused, tmp_path):
    assert document("datasets") == [] and document("runs") == []
    made = json.loads(mri("demo", "--slices", "600", "--json").stdout)
    assert made["slices"] == 600 and made["patients"] == 30 and made["simulated"]
    assert [entry["name"] for entry in document("datasets")] == ["demo"]

    stats = document("stats", "demo")
    assert stats["slices"] == 600 and stats["labels"] == ["label 1", "label 2", "label 3"]
    assert sum(split["slices"] for split in stats["splits"].values()) == 600
    assert sum(entry["slices"] for entry in stats["label_sets"]) == 600

    done = mri(
        "train", "--dataset", "demo", "--preset", "dense-adam", "--set", "epochs=2", "--set", "flips=none", "--json"
    )
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert run["status"] == "finished" and run["spec"]["epochs"] == 2 and run["parameters"] == 2_579_003
    assert [row["epoch"] for row in run["history"]] == [1, 2] and "epoch   2  loss" in done.stderr
    assert run["best_epoch"] in (1, 2) and run["timing"]["peak_memory_mb"] > 0 and run["error"] is None

    assert [entry["id"] for entry in document("runs", "--dataset", "demo")] == [run["id"]]
    assert document("show", "last")["id"] == document("show", run["id"][:6])["id"] == run["id"]

    for split in ("validation", "test"):
        evaluation = document("evaluate", "last", "--split", split)
        assert evaluation["run"] == run["id"] and evaluation["split"] == split
        assert evaluation["slices"] == stats["splits"][split]["slices"]
        supports = {label: scores["support"] for label, scores in evaluation["labels"].items()}
        assert supports == stats["splits"][split]["positives"]
        assert set(evaluation["averages"]) == {"micro", "macro", "weighted", "samples", "samples_labelled"}
        assert evaluation["baseline"]["name"] == "predict nothing"
    assert "micro avg" in mri("evaluate", "last").stdout

    scan = get_testdata_file("MR_small.dcm")
    (answer,) = document("predict", "last", scan)
    assert set(answer["probabilities"]) == set(stats["labels"]) and answer["slice"] is None
    assert all(0 <= p <= 1 for p in answer["probabilities"].values())
    assert answer["no_finding"] == (not answer["labels"])

    out = tmp_path / "model.onnx"
    assert document("export", "last", "--out", str(out))["difference"] <= 1e-5  # every format: tests/exporting
    assert out.stat().st_size > 1000

    refusal = refused("stop", "last")
    assert "is finished already" in refusal
    assert document("delete", "last") == {"deleted": run["id"]} and document("runs") == []


def until(run_id: str, reached: Callable[[Run], object]) -> None:
    """Look at a run until it has come so far; here, because a command for each look would keep the training waiting."""
    store = RunStore(Settings())
    while not reached(store.get(run_id)):
        time.sleep(0.1)


def test_a_detached_run_is_stopped_keeps_its_best_weights_and_can_be_resumed(home, engine_ended, document, refused):
    mri("demo", "--slices", "300")
    run = document("train", "--dataset", "demo", "--preset", "dense", "--set", "epochs=1000", "--set", "patience=1000",
                   "--detach")  # fmt: skip
    assert run["status"] in ("queued", "running")
    waiting = document("train", "--dataset", "demo", "--detach")
    assert document("stop", waiting["id"])["status"] == "stopped"
    until(run["id"], lambda now: now.history or now.ended)
    document("stop", run["id"])
    until(run["id"], lambda now: now.ended)
    found = document("show", run["id"])
    assert found["status"] == "stopped" and found["best_epoch"] and found["timing"]
    assert document("evaluate", run["id"])["slices"] > 0
    epochs, resumed = len(found["history"]), document("resume", run["id"], "--detach")
    assert (resumed["status"], resumed["attempt"], len(resumed["history"])) == ("queued", 2, epochs)
    assert "expected a stopped or failed one to resume" in refused("resume", run["id"])
    until(run["id"], lambda now: len(now.history) > epochs or now.ended)
    document("stop", run["id"])
    until(run["id"], lambda now: now.ended)
    found = document("show", run["id"])
    assert found["status"] == "stopped"
    assert [row["epoch"] for row in found["history"]] == list(range(1, len(found["history"]) + 1))


def test_predicting_goes_on_after_a_file_that_cannot_be_read(trained, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.dcm").write_bytes(b"")
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(tmp_path / "blank.png")
    files = [tmp_path / "text.png", tmp_path / "blank.png", tmp_path / "empty.dcm", tmp_path / "none.png"]
    done = mri("predict", trained.run_id, *files, "--json")
    assert done.returncode == 1
    answers = json.loads(done.stdout)
    assert [("error" in answer) for answer in answers] == [True, False, True, True]
    assert answers[1]["warnings"] == ["The slice is blank: every pixel has the same intensity."]
    printed = mri("predict", trained.run_id, *files)
    assert printed.returncode == 1 and "blank.png" in printed.stdout
    assert printed.stderr.count("error: ") == 3 and printed.stderr.count("warning: ") == 1


def test_models_lists_every_architecture(document):
    parameters = {entry["name"]: entry["parameters"] for entry in document("models")}
    assert list(parameters) == list(ARCHITECTURES)
    assert (parameters["cnn"], parameters["dense"], parameters["linear"]) == (33_923, 2_579_003, 3 * (64 * 64 * 3 + 1))
    grey = document("models", "--channels", "1", "--labels", "5")
    assert grey[0]["parameters"] == 33_923 - 2 * 9 * 32 + 2 * 33
    small = mri("models", "--image-size", "20")  # in its own process: TensorFlow has a word to say too
    assert small.returncode == 1 and "error: the architecture 'cnn' does not fit slices of 20×20" in small.stderr


def test_importing_a_folder(home, document, tmp_path):
    table = ["file,patient,finding"]
    for i in range(10):
        Image.fromarray(np.full((80, 64), i, np.uint8)).save(tmp_path / f"{i}.png")
        table.append(f"{i}.png,p{i},{i % 2}")
    (tmp_path / "labels.csv").write_text("\n".join([*table, "gone.png,p99,1"]))
    made = document("import", tmp_path, "--name", "mine", "--labels", tmp_path / "labels.csv", "--size", "32")
    assert made["slices"] == 10 and made["image_shape"] == [32, 32] and list(made["skipped"]) == ["gone.png"]
    assert document("stats", "mine")["splits"]["train"]["slices"] == 6


BAD = {
    "unknown data set": (("stats", "nothing"), "there is no data set 'nothing'; there are demo"),
    "unknown data set to train on": (("train", "--dataset", "nothing"), "there is no data set 'nothing'"),
    "unknown run": (("show", "ffff"), "there is no run 'ffff'"),
    "unknown preset": (("train", "--dataset", "demo", "--preset", "cmn"), "no preset 'cmn' (did you mean 'cnn'?)"),
    "unknown setting": (("train", "--dataset", "demo", "--set", "epoch=3"), "no training setting 'epoch' (did you"),
    "no value": (("train", "--dataset", "demo", "--set", "epochs"), "--set 'epochs' should be FIELD=VALUE"),
    "negative rate": (("train", "--dataset", "demo", "--set", "learning_rate=-1"), "learning_rate is '-1', expected"),
    "no batch": (("train", "--dataset", "demo", "--set", "batch_size=0"), "batch_size is '0', expected"),
    "endless": (("train", "--dataset", "demo", "--set", "epochs=1e9"), "epochs is '1e9', expected"),
    "too few slices": (("demo", "--name", "x", "--slices", "1"), "slices is 1, expected 100 to 1,000,000"),
    "a taken name": (("demo", "--slices", "100"), "there is a data set 'demo' already"),
    "a name outside": (("demo", "--name", "../x", "--slices", "100"), "'../x' cannot name a data set"),
    "no table": (("import", ".", "--name", "x", "--labels", "none.csv"), "there is no table none.csv"),
    "a directory to write": (("export", "last", "--out", "."), ". is a directory; expected a file such as model.onnx"),
    "nowhere to write": (("export", "last", "--out", "/nowhere/x.onnx"), "cannot write /nowhere/x.onnx"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_done_is_said_in_one_line(trained, refused, case):
    arguments, said = BAD[case]
    assert said in refused(*arguments)
    assert [header.name for header in list_datasets(trained.settings)] == ["demo"]


def test_a_home_that_cannot_be_written(tmp_path, refused, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MRI_HOME", str(tmp_path / "file" / "home"))
    said = refused("demo", "--slices", "100")
    assert "cannot create" in said and "set MRI_HOME" in said


def test_a_foreign_database_is_left_as_it_is(home, refused):
    foreign = home.root / "mlflow.db"
    foreign.write_text("my diary")
    assert "mlflow.db" in refused("runs")
    assert foreign.read_text() == "my diary"


USAGE = [("nonsense",), ("stats",), ("evaluate", "last", "--split", "train"), ("demo", "--x")]


@pytest.mark.parametrize("arguments", USAGE)
def test_wrong_usage(home, typed, arguments):
    status, printed, said = typed(*arguments)
    assert status == 2 and printed == "" and "Traceback" not in said and said


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_takes_json(typed, name):
    status, printed, _ = typed(name, "--help")
    assert status == 0 and "--json" in printed


def test_the_readme_names_every_command():
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    named = set(re.findall(r"^mri (\w+)", readme, re.MULTILINE))
    assert set(COMMANDS) <= named


def test_a_fault_of_the_program_is_one_line_too(trained, tmp_path):
    code = "import mri_core.cli.data as d; d.list_datasets = None; from mri_core.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "datasets"], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: this is a fault of the program: TypeError") and done.stderr.count("\n") == 1
