"""`mri check --run` and `mri crossvalidate`, as a user types them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from judges_support import SETTINGS, add_judges, planted_in

from mri_core.datasets.dataset import Dataset, open_dataset
from mri_core.prediction.out_of_fold import cross_validation_of
from mri_core.prediction.run_label_errors import find_label_errors
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import PRESETS

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def store(trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """The store of a copy of the trained home."""
    folder = tmp_path / "lab"
    shutil.copytree(trained.settings.root, folder)
    monkeypatch.setenv("MRI_HOME", str(folder))
    return RunStore(Settings())


@pytest.fixture
def dataset(store: RunStore) -> Dataset:
    return open_dataset("demo", store.settings)


def test_a_check_with_a_run_names_the_labels_in_doubt(store, dataset, trained, typed: Typed) -> None:
    runs = add_judges(store, trained.run_id, dataset, planted_in(dataset), range(1, 6))
    only = ("check", "demo", "--run", runs[2].id[:10], "--only", "label-errors")
    status, printed, _ = typed(*only, "--json")
    document = json.loads(printed)
    assert status == 0 and document["checks"] == ["label-errors"]
    expected = find_label_errors(cross_validation_of(runs[0], store.list("demo"), dataset).runs, dataset)
    [finding] = document["findings"]
    assert finding["slices"] == expected.table()["id"].tolist()
    assert finding["notes"] == [one.why for one in expected.suspects(expected.ranked())]
    status, printed, _ = typed(*only, "--surest", 5)
    assert status == 0 and "5 slices" in printed and "Not given, but suspected" in printed


def test_the_surest_are_left_out(store, dataset, trained, typed: Typed) -> None:
    add_judges(store, trained.run_id, dataset, planted_in(dataset), [1])
    status, _, said = typed(
        "check", "demo", "--run", "last", "--only", "label-errors", "--surest", 4, "--exclude", "label-errors"
    )
    assert status == 0 and "296 slices, 4 left out" in said
    assert open_dataset("demo v2", store.settings).header.provenance["version_of"]["because"] == {"label-errors": 4}


def test_without_a_run_the_check_does_not_exist(store, typed: Typed) -> None:
    status, _, said = typed("check", "demo", "--only", "label-errors")
    assert status == 1 and "there is no check 'label-errors'" in said


def test_cross_validating_queues_the_parts_that_are_missing(store, dataset, trained, typed, monkeypatch) -> None:
    handed: list[str] = []
    monkeypatch.setattr("mri_core.training.start.submit", lambda run_id, settings: handed.append(run_id))
    status, printed, _ = typed("crossvalidate", "--dataset", "demo", "--detach", "--json")
    queued = [store.get(run_id) for run_id in handed]
    assert status == 0 and [run["id"] for run in json.loads(printed)] == handed
    assert [run.spec.left_out for run in queued] == [1, 2, 3, 4, 5]
    assert {run.spec.model_copy(update={"left_out": 0}) for run in queued} == {PRESETS["recommended-fast"]}
    # Those that wait are not queued again.
    status, _, said = typed("crossvalidate", "--dataset", "demo", "--detach")
    assert status == 0 and len(handed) == 5 and "Queued 0 of 5 runs." in said
    # Others join the parts that are done.
    add_judges(store, trained.run_id, dataset, {}, [2, 4])
    changes = {"epochs": 3, "flips": "none", **SETTINGS}
    sets = [part for name, value in changes.items() for part in ("--set", f"{name}={value}")]
    status, _, said = typed("crossvalidate", "--dataset", "demo", "--preset", "dense-adam", *sets, "--detach")
    assert status == 0 and "Queued 3 of 5 runs: " in said
    assert [store.get(run_id).spec.left_out for run_id in handed[5:]] == [1, 3, 5]


def test_a_cross_validation_leaves_out_each_part_itself(store, typed: Typed) -> None:
    status, _, said = typed("crossvalidate", "--dataset", "demo", "--set", "left_out=2")
    assert status == 1 and said.startswith("error: left_out is 2, expected 0")
