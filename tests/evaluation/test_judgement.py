"""`judge`: the whole document of a report, and what it says of too little data."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import astuple

import numpy as np
import pytest

from mri_core.errors import InvalidInput
from mri_core.evaluation import evaluate
from mri_core.evaluation.judgement import judge
from mri_core.evaluation.patients import by_patient

NAMES = ("a", "b", "c")


@pytest.fixture
def split(simulate):
    truth, (probabilities,), patients = simulate(np.random.default_rng(8), 40)
    return truth, probabilities, patients


def test_the_document_adds_to_the_evaluation_and_renames_nothing(split):
    truth, probabilities, patients = split
    document = judge(truth, probabilities, patients, NAMES, train_prevalence=[0.5, 0.3, 0.2], resamples=100).to_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    plain = evaluate(truth, probabilities, NAMES).to_json()
    added = {"intervals", "labelled_only", "patients", "baselines"}
    assert document.keys() - plain.keys() == added
    for key in plain.keys() - {"no_finding"}:
        assert document[key] == plain[key], key
    assert document["no_finding"].keys() - plain["no_finding"].keys() == {"false_alarm_rate_per_patient"}
    assert list(document["baselines"]) == ["predict nothing", "predict everything", "prevalence"]
    assert document["baselines"]["prevalence"]["macro"]["roc_auc"] == 0.5


def test_patients_are_judged_as_rows(split):
    truth, probabilities, patients = split
    judgement = judge(truth, probabilities, patients, NAMES, [0.5, 0.4, 0.3], resamples=100)
    for rule, top in {"any_slice": 1, "mean_of_top_3": 3}.items():
        scores = by_patient(truth, probabilities, patients, top)
        expected = evaluate(scores.truth, scores.probabilities, NAMES, [0.5, 0.4, 0.3]).to_json()
        judged = judgement.patients[rule]
        assert judged.evaluation.to_json() == expected
        assert judged.intervals.resampling.number == 40
    any_slice = judgement.patients["any_slice"].evaluation
    predicted = (probabilities >= [0.5, 0.4, 0.3])[patients == 7].any(axis=0)
    assert (by_patient(truth, probabilities, patients, 1).probabilities[7] >= any_slice.thresholds).tolist() == list(
        predicted
    )


def test_labelled_only_leaves_out_slices_without_a_label(split):
    truth, probabilities, patients = split
    labelled = truth.any(axis=1)
    found = judge(truth, probabilities, patients, NAMES, resamples=100).labelled_only
    assert found.evaluation.to_json() == evaluate(truth[labelled], probabilities[labelled], NAMES).to_json()
    averages = found.evaluation.overall.averages
    assert astuple(averages["samples"]) == pytest.approx(astuple(averages["samples_labelled"]))
    assert found.intervals.resampling.number == len(set(patients[labelled]))


def test_without_patients_slices_are_resampled_and_no_patient_is_judged(split):
    truth, probabilities, _ = split
    document = judge(truth, probabilities, None, NAMES, resamples=100).to_json()
    assert document["patients"] is None
    assert document["intervals"]["unit"] == "slice"
    assert "false_alarm_rate_per_patient" not in document["no_finding"]
    assert list(document["baselines"]) == ["predict nothing", "predict everything"]


def test_a_patient_without_a_finding_is_needed_for_a_false_alarm():
    truth, probabilities = [[1], [0], [1]], [[0.9], [0.2], [0.4]]
    document = judge(truth, probabilities, ["x", "x", "y"], ["a"], resamples=100).to_json()
    assert document["no_finding"]["false_alarm_rate_per_patient"] is None
    reason = document["reasons"]["no_finding"]["false_alarm_rate_per_patient"]
    assert reason == "undefined (every patient has a labelled slice)"


@pytest.mark.parametrize(
    ("truth", "patients"),
    [
        ([[0, 0], [0, 0]], ["x", "y"]),
        ([[1, 1], [1, 1]], ["x", "y"]),
        ([[1, 0], [0, 0]], ["x", "x"]),
        ([[1, 0]], None),
    ],
    ids=["no positives", "all positives", "one patient", "one slice"],
)
def test_too_little_to_judge_is_undefined_and_never_an_error(truth, patients):
    probabilities = np.linspace(0.1, 0.9, np.size(truth)).reshape(np.shape(truth))
    judgement = judge(truth, probabilities, patients, NAMES[:2], train_prevalence=[0.0, 1.0], resamples=100)
    document = judgement.to_json()
    json.dumps(document, allow_nan=False)
    assert (document["labelled_only"] is None) == (not np.any(truth))


def test_bad_input_is_refused(split):
    truth, probabilities, patients = split
    with pytest.raises(InvalidInput, match="probabilities hold nan"):
        judge(truth, np.where(truth, np.nan, probabilities), patients, NAMES)
    with pytest.raises(InvalidInput, match="patients for"):
        judge(truth, probabilities, patients[1:], NAMES)
    with pytest.raises(InvalidInput, match="truth has 3 columns for 2 label names"):
        judge(truth, probabilities, patients, NAMES[:2])


def test_importing_loads_numpy_only():
    heavy = "{'pandas', 'sklearn', 'scipy', 'pyarrow', 'tensorflow', 'keras', 'streamlit', 'mlflow', 'distributed'}"
    modules = "mri_core.evaluation.judgement, mri_core.evaluation.comparison, mri_core.evaluation.seeds"
    code = f"import sys, {modules}; print(sorted({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
