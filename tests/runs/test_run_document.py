"""`run_json` has the shape that other programs rely on."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mri_core.runs.run import NEXT, STATUSES, Process, Progress, Run, Timing, run_json
from mri_core.training.spec import TrainingSpec

KEYS = [
    *(
        "id",
        "name",
        "status",
        "spec",
        "dataset",
        "parameters",
        "device",
        "versions",
        "progress",
        "history",
        "best_epoch",
    ),
    *("process", "timing", "error", "created", "stop_requested", "attempt", "resources"),
]
NEW = Run(
    id="0" * 32,
    name="cnn 1",
    status="queued",
    spec=TrainingSpec(),
    dataset_name="demo",
    dataset_fingerprint="f00d",
    label_names=("a",),
    created=datetime(2024, 5, 6, tzinfo=UTC),
    folder=Path("runs"),
)


def test_a_new_run_has_every_key_and_no_results():
    document = run_json(NEW)
    assert list(document) == KEYS
    assert document["dataset"] == {"name": "demo", "fingerprint": "f00d"}
    assert document["history"] == []
    assert {document[key] for key in ("parameters", "progress", "best_epoch", "process", "timing", "error")} == {None}
    assert document["created"] == "2024-05-06T00:00:00+00:00"


def test_a_finished_run_is_strict_json():
    results = {
        "status": "finished",
        "progress": Progress(2, 20, 5, 188, None, 4, "training", 1.0),
        "history": ({"epoch": 1, "loss": 0.5, "val_micro_f1": None, "val_f1": {"a": None}},),
        "process": Process("host", 12, 1.0),
        "timing": Timing(60.0, 100.0, 900.0),
    }
    document = json.loads(json.dumps(run_json(Run(**(vars(NEW) | results))), allow_nan=False))
    assert document["process"] == {"host": "host", "pid": 12}
    assert document["timing"] == {"seconds": 60.0, "images_per_second": 100.0, "peak_memory_mb": 900.0}
    assert {"epoch", "epochs", "step", "steps", "seconds_left"} <= set(document["progress"])
    assert document["history"][0]["val_f1"] == {"a": None}
    assert document["spec"]["architecture"] == "cnn"


@pytest.mark.parametrize("status", STATUSES)
def test_an_ended_run_can_only_be_queued_again(status):
    run = Run(**(vars(NEW) | {"status": status}))
    assert run.ended == (status not in ("queued", "running"))
    assert set(NEXT[status]) <= set(STATUSES) - {status}
    assert not run.ended or set(NEXT[status]) <= {"queued"}
