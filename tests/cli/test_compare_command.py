"""`mri compare`, as a user types it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from ended_runs import add_run
from sklearn.metrics import f1_score

from mri_core.evaluation.predictions import load_predictions
from mri_core.runs.store import RunStore


@pytest.fixture
def typed(typed):
    """(exit status, standard output, standard error) of `mri compare …`."""
    return lambda *arguments: typed("compare", *arguments)


@pytest.fixture
def store(trained, home) -> RunStore:
    """A copy of the trained home."""
    shutil.copytree(trained.settings.root, home.root, dirs_exist_ok=True)
    return RunStore(home)


def micro_f1(store: RunStore, run_id: str, split: str) -> float:
    found = load_predictions(store.get(run_id).folder, split)
    return float(f1_score(found.truth, found.probabilities >= 0.5, average="micro", zero_division=0))


def test_one_document(store, trained, typed) -> None:
    other = add_run(store, trained.run_id, gain=0.4, batch_size=32)
    status, printed, said = typed(trained.run_id[:8], "last", "--split", "test", "--json")
    assert status == 0 and said == ""
    document = json.loads(printed)
    assert list(document) == ["split", "dataset", "reference", "runs", "settings", "comparisons", "seeds"]
    assert document["reference"] == trained.run_id and document["split"] == "test"
    assert [run["id"] for run in document["runs"]] == [trained.run_id, other.id]
    assert document["settings"] == {"batch_size": [64, 32]}
    (comparison,) = document["comparisons"]
    found = comparison["differences"]["averages"]["micro"]["f1"]
    a, b = (micro_f1(store, run_id, "test") for run_id in (trained.run_id, other.id))
    assert (found["a"], found["b"], found["value"]) == pytest.approx((a, b, b - a))
    assert comparison["unit"] == "patient"
    stored = load_predictions(store.get(other.id).folder, "test")
    assert comparison["slices"] == len(stored.ids)
    assert set(comparison["reclassified"]["whole"]["only_b"]) <= set(stored.ids.tolist())


def test_for_people(store, trained, typed) -> None:
    first = store.get(trained.run_id).name
    other = add_run(store, trained.run_id, gain=0.4, batch_size=32).name
    status, printed, said = typed(trained.run_id, "last")
    assert status == 0 and said == ""
    for words in (f"{other} against {first} on ", "settings that differ", "Batch size", "F1 of label 1", "all labels"):
        assert words in printed
    # Two patients, so that nothing is told apart.
    a, b = (micro_f1(store, run.id, "validation") for run in store.list()[::-1])
    assert f"{other} and {first} are not told apart: Micro-F1 {b:.3f} against {a:.3f}" in printed
    assert "draws the same patients" in printed and "seeds" not in printed


def test_seeds_are_folded(store, trained, typed) -> None:
    runs = [trained.run_id]
    for spec in ({"seed": 1}, {"batch_size": 32}, {"batch_size": 32, "seed": 1}, {"batch_size": 16}):
        runs.append(add_run(store, trained.run_id, gain=0.2, **spec).id)
    status, printed, _ = typed(*runs)
    assert status == 0 and "mean ± standard deviation over seeds" in printed
    assert "adjusted by Holm for 4 comparisons" in printed
    assert "the seeds are 0, 1 and 0; expected the same" in printed
    document = json.loads(typed(*runs, "--json")[1])
    assert [one["seeds"] for one in document["seeds"]] == [[0, 1], [0, 1], [0]]
    values = [micro_f1(store, run_id, "validation") for run_id in runs]
    folded = document["seeds"][1]["differences"]["averages"]["micro"]["f1"]
    assert folded["mean"] == pytest.approx(np.mean(values[2:4]) - np.mean(values[:2]))


def test_what_cannot_be_compared_is_said_in_one_line(store, trained, typed) -> None:
    elsewhere = add_run(store, trained.run_id, fingerprint="0" * 64)
    gone = add_run(store, trained.run_id, gain=0.1)
    (gone.folder / "predictions.parquet").unlink()
    first = store.get(trained.run_id)
    waiting = store.create(first.spec, first.dataset_name, first.dataset_fingerprint, first.label_names)
    for arguments, words in (
        ([trained.run_id], "1 run was given; expected at least two"),
        ([trained.run_id, trained.run_id[:9]], "is given twice"),
        ([trained.run_id, elsewhere.id], "was trained on another version of the data (000000000000)"),
        ([trained.run_id, gone.id], "the run has no predictions yet"),
        ([trained.run_id, waiting.id], f"{waiting.name} is queued and has no predictions"),
        ([trained.run_id, "ffffffffffff"], "there is no run 'ffffffffffff'"),
    ):
        status, printed, said = typed(*arguments)
        assert status == 1 and printed == "" and said.startswith("error: ") and said.count("\n") == 1
        assert words in said


def test_wrong_usage(home, typed) -> None:
    for arguments in ((), ("last", "last", "--split", "train")):
        status, printed, said = typed(*arguments)
        assert status == 2 and printed == "" and said
