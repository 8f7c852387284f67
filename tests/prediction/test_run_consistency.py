"""What breaks the label tree and what a repair is worth: against scikit-learn, and where nothing can be measured."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from mri_core.prediction.judged_run import JudgedRun, open_judged_run
from mri_core.prediction.run_consistency import Consistency, consistency_of
from mri_core.runs.store import RunStore

SLICES, PATIENTS = 400, 40


def nested_run(judged: JudgedRun, label_2_lies_in_label_1: bool = True, patients: int = PATIENTS) -> JudgedRun:
    """The run with predictions made up: label 2 lies in label 1, which the model believes too little."""
    random = np.random.default_rng(2)
    truth = (random.random((SLICES, 3)) < (0.5, 0.5, 0.1)).astype(np.uint8)
    if label_2_lies_in_label_1:
        truth[:, 1] &= truth[:, 0]
    probabilities = np.clip(0.4 * truth + 0.6 * random.random(truth.shape), 0, 1)
    probabilities[:, 0] *= 0.75
    names = judged.predictions.label_names
    stored = replace(judged.predictions, ids=np.arange(SLICES).astype(str), truth=truth, probabilities=probabilities)
    dataset = SimpleNamespace(truth=truth, rows=lambda split: np.arange(SLICES), label_names=names)
    return replace(judged, predictions=stored, dataset=dataset, patients=np.arange(SLICES) % patients)


@pytest.fixture
def judged(trained) -> JudgedRun:
    return open_judged_run(RunStore(trained.settings).get(trained.run_id), "test", trained.settings)


def measured(judged: JudgedRun) -> Consistency:
    found = consistency_of(judged)
    assert found is not None
    return found


def test_children_without_parents_are_counted(judged: JudgedRun) -> None:
    run = nested_run(judged)
    found, predicted = measured(run), run.predictions.probabilities >= 0.5
    assert found.hierarchy.parents == {"label 2": "label 1"}
    [broken] = found.broken
    without = predicted[:, 1] & ~predicted[:, 0]
    assert without.any()
    assert (broken.predicted, broken.without_parent) == (predicted[:, 1].sum(), without.sum())
    assert (found.slices, found.inconsistent) == (SLICES, without.sum())


def test_repairs_are_worth_what_scikit_learn_says(judged: JudgedRun) -> None:
    run = nested_run(judged)
    found, stored = measured(run), run.predictions
    raised, lowered = stored.probabilities.copy(), stored.probabilities.copy()
    raised[:, 0] = np.maximum(raised[:, 0], raised[:, 1])
    lowered[:, 1] = np.minimum(lowered[:, 0], lowered[:, 1])
    for name, after in (("raise parents", raised), ("lower children", lowered)):
        for average in ("micro", "macro"):
            difference = found.repairs[name].differences[f"{average}_f1"]
            assert difference.a == pytest.approx(f1_score(stored.truth, stored.probabilities >= 0.5, average=average))
            assert difference.b == pytest.approx(f1_score(stored.truth, after >= 0.5, average=average))
            assert difference.value == pytest.approx(difference.b - difference.a)
            assert difference.low <= difference.value <= difference.high
        assert found.repairs[name].changed == ((after >= 0.5) != (stored.probabilities >= 0.5)).any(axis=1).sum()
        assert found.repairs[name].inconsistent == 0
    # The child is right more often than the parent here, so that believing it helps beyond chance.
    assert found.repairs["raise parents"].differences["micro_f1"].low > 0
    assert found.resampling is not None
    assert (found.resampling.unit, found.resampling.number) == ("patient", PATIENTS)


def test_nothing_is_stored(judged: JudgedRun) -> None:
    run = nested_run(judged)
    before = run.predictions.probabilities.copy()
    files = {path: path.stat().st_mtime_ns for path in run.run.folder.iterdir()}
    measured(run)
    assert (run.predictions.probabilities == before).all()
    assert {path: path.stat().st_mtime_ns for path in run.run.folder.iterdir()} == files


def test_a_higher_threshold_of_the_parent_leaves_slices_inconsistent(judged: JudgedRun) -> None:
    thresholds = judged.description.thresholds | {"label 1": 0.9}
    run = replace(nested_run(judged), description=judged.description.model_copy(update={"thresholds": thresholds}))
    found = measured(run)
    assert 0 < found.repairs["raise parents"].inconsistent <= found.inconsistent


def test_without_nested_labels_there_is_nothing_to_repair(judged: JudgedRun) -> None:
    found = measured(nested_run(judged, label_2_lies_in_label_1=False))
    assert (found.broken, found.repairs, found.inconsistent, found.resampling) == ((), {}, 0, None)
    assert [depth for _, depth in found.hierarchy.tree()] == [0, 0, 0]


def test_without_the_data_set_no_tree_is_known(judged: JudgedRun) -> None:
    assert consistency_of(replace(judged, dataset=None, rows=None, patients=None)) is None


def test_one_patient_has_no_interval(judged: JudgedRun) -> None:
    difference = measured(nested_run(judged, patients=1)).repairs["raise parents"].differences["micro_f1"]
    assert difference.b > difference.a and np.isnan(difference.low)
    assert "one patient" in difference.reason


def test_the_document_tells_the_tree_and_the_repairs(judged: JudgedRun) -> None:
    found = measured(nested_run(judged))
    document = json.loads(json.dumps(found.to_json()))
    assert [(line["label"], line["parent"]) for line in document["tree"]] == [
        ("label 1", None), ("label 2", "label 1"), ("label 3", None),
    ]  # fmt: skip
    assert document["tree"][1]["training_slices"] == found.hierarchy.support[1]
    repaired = document["repairs"]["raise parents"]
    assert repaired["micro_f1"]["value"] == found.repairs["raise parents"].differences["micro_f1"].value
    assert repaired["inconsistent_slices"] == 0
