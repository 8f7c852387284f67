"""Where a run errs: against pandas, scikit-learn and counts by hand, and with parts of what is known gone."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from mri_core.datasets.dataset import open_dataset
from mri_core.errors import InvalidInput, NotFound
from mri_core.evaluation.failures import false_negatives, false_positives
from mri_core.evaluation.proportion import wilson
from mri_core.prediction.judged_run import JudgedRun, open_judged_run
from mri_core.prediction.run_failures import INTENSITY, LABELS_CARRIED, POSITION, RunFailures, find_failures
from mri_core.runs.store import RunStore

LABELS = ("label 1", "label 2", "label 3")


@pytest.fixture
def judged(trained) -> JudgedRun:
    """The trained run, with probabilities that err often."""
    found = open_judged_run(RunStore(trained.settings).get(trained.run_id), "test", trained.settings)
    truth, random = found.predictions.truth, np.random.default_rng(4)
    guessed = np.clip(0.35 * truth + 0.8 * random.random(truth.shape), 0, 1)
    return replace(found, predictions=replace(found.predictions, probabilities=guessed))


@pytest.fixture
def found(judged: JudgedRun) -> RunFailures:
    return find_failures(judged)


@pytest.fixture
def table(trained, judged: JudgedRun) -> pd.DataFrame:
    """The index rows of the judged slices in their order, with whether each label is wrong."""
    rows = open_dataset("demo", trained.settings).index.set_index("id").loc[judged.predictions.ids].reset_index()
    for column, name in enumerate(LABELS):
        rows[f"wrong {name}"] = (judged.predictions.probabilities[:, column] >= 0.5) != rows[name].astype(bool)
    rows["wrong"] = rows[[f"wrong {name}" for name in LABELS]].any(axis=1)
    return rows


@pytest.mark.parametrize("label", [None, *LABELS])
def test_errors_are_those_of_the_table(found: RunFailures, table: pd.DataFrame, label: str | None) -> None:
    wrong = table[f"wrong {label}" if label else "wrong"]
    assert found.wrong(label).tolist() == wrong.tolist()
    rate = found.error_rate(label)
    assert (rate.wrong, rate.slices, rate.rate) == (wrong.sum(), len(table), pytest.approx(wrong.mean()))
    assert (rate.low, rate.high) == pytest.approx(tuple(map(float, wilson(wrong.sum(), len(wrong)))))
    assert found.confusion.exact == (~table["wrong"]).sum()
    expected = wrong.groupby(table["patient"]).agg(["sum", "size"])
    by_patient = found.by_patient(label)
    assert by_patient is not None
    assert by_patient["wrong"].is_monotonic_decreasing
    for row in by_patient.itertuples():
        assert (row.wrong, row.slices) == tuple(expected.loc[row.patient])
        assert row.rate == pytest.approx(row.wrong / row.slices)
        assert row.rate_low <= row.rate <= row.rate_high
    assert sorted(by_patient["patient"]) == sorted(expected.index)


def test_what_errors_are_set_against_is_what_the_data_set_holds(
    found: RunFailures, table: pd.DataFrame, trained
) -> None:
    dataset = open_dataset("demo", trained.settings)
    rows = dataset.index.reset_index().set_index("id").loc[table["id"], "index"]
    assert list(found.covariates) == [POSITION, LABELS_CARRIED, INTENSITY]
    assert found.covariates[POSITION].tolist() == table["position"].tolist()
    assert found.covariates[LABELS_CARRIED].tolist() == table[list(LABELS)].sum(axis=1).tolist()
    assert found.covariates[INTENSITY] == pytest.approx([dataset.pixels[row].mean() for row in rows])
    for rates in found.error_rates("label 2").values():
        assert rates["slices"].sum() == len(table)
        assert rates["wrong"].sum() == table["wrong label 2"].sum()


@pytest.mark.parametrize("label", LABELS)
def test_wrong_slices_of_one_label_come_the_most_confident_first(found: RunFailures, label: str) -> None:
    column, stored = LABELS.index(label), found.judged.predictions
    truth, probabilities = stored.truth[:, column], stored.probabilities[:, column]
    everything = len(truth)
    expected = false_positives(truth, probabilities, 0.5, everything).rows
    assert len(expected)
    assert found.worst("false positives", label).tolist() == expected.tolist()
    expected = false_negatives(truth, probabilities, 0.5, everything).rows
    assert found.worst("false negatives", label).tolist() == expected.tolist()


def test_the_worst_slices_are_those_of_the_largest_loss(found: RunFailures) -> None:
    stored, places = found.judged.predictions, found.worst()
    assert sorted(places.tolist()) == list(range(len(stored.ids)))
    losses = [one.loss for one in found.slices(places)]
    assert losses == sorted(losses, reverse=True)
    by_label = [log_loss(stored.truth[:, i], stored.probabilities[:, i]) for i in range(3)]
    assert np.mean(losses) == pytest.approx(np.mean(by_label), abs=1e-4)


def test_one_patient_s_slices_alone(found: RunFailures, table: pd.DataFrame) -> None:
    patient = table["patient"][0]
    places = found.worst(patient=patient)
    assert set(table["patient"][places]) == {patient} and len(places) == (table["patient"] == patient).sum()
    assert not len(found.worst(patient="nobody"))
    missed = found.worst("false negatives", "label 1", patient)
    assert set(missed) == set(found.worst("false negatives", "label 1")) & set(places)


def test_a_slice_is_told_as_it_is(found: RunFailures, table: pd.DataFrame) -> None:
    places, stored = [3, 0], found.judged.predictions
    for place, one in zip(places, found.slices(places), strict=True):
        row, probabilities = table.loc[place], stored.probabilities[place]
        assert (one.place, one.id, one.patient) == (place, row["id"], row["patient"])
        assert one.truth == tuple(name for name in LABELS if row[name])
        assert one.labels == tuple(name for name, p in zip(LABELS, probabilities, strict=True) if p >= 0.5)
        given = np.where(row[list(LABELS)].astype(bool), probabilities, 1 - probabilities).astype(float)
        assert one.loss == pytest.approx(-np.log(given).mean(), abs=1e-4)
        assert one.worst_label == LABELS[given.argmin()]
        assert found.place_of(one.id) == place
    assert found.slices([3], "label 2")[0].worst_label == "label 2"


def test_without_the_data_set_the_predictions_are_left(judged: JudgedRun) -> None:
    whole, bare = find_failures(judged), find_failures(replace(judged, dataset=None, rows=None, patients=None))
    assert list(bare.covariates) == [LABELS_CARRIED]
    assert bare.by_patient() is None
    assert bare.worst().tolist() == whole.worst().tolist()
    assert not len(bare.worst(patient="P00001"))
    [one] = bare.slices([0])
    assert (one.row, one.patient) == (None, None)


def test_slices_of_unknown_patients_are_left_out_of_the_patients(judged: JudgedRun, found: RunFailures) -> None:
    assert judged.patients is not None
    some = judged.patients.copy()
    some[:5] = None
    table = find_failures(replace(judged, patients=some)).by_patient()
    assert table is not None and table["slices"].sum() == len(some) - 5
    assert find_failures(replace(judged, patients=np.full(len(some), None))).by_patient() is None


def test_one_patient_and_a_label_without_positives(judged: JudgedRun) -> None:
    truth = judged.predictions.truth.copy()
    truth[:, 2] = 0
    found = find_failures(
        replace(judged, patients=np.full(len(truth), "only"), predictions=replace(judged.predictions, truth=truth))
    )
    table = found.by_patient("label 3")
    assert table is not None and table["patient"].tolist() == ["only"] and table["slices"].tolist() == [len(truth)]
    assert not len(found.worst("false negatives", "label 3")) and len(found.worst("false positives", "label 3"))


def test_the_document_holds_the_same(found: RunFailures) -> None:
    document = json.loads(json.dumps(found.to_json("label 1", most=3)))
    assert document["errors"]["wrong"] == found.wrong("label 1").sum()
    assert np.array(document["label_sets"]["counts"]).sum() == len(found.judged.predictions.ids)
    assert [one["id"] for one in document["worst"]] == [
        one.id for one in found.slices(found.worst(label="label 1")[:3])
    ]
    assert len(document["patients"]) == 3 and set(document["error_rates"]) == set(found.covariates)


def test_bad_input_is_refused(judged: JudgedRun, found: RunFailures) -> None:
    with pytest.raises(NotFound, match="no label 'cyst'; expected one of label 1"):
        found.wrong("cyst")
    with pytest.raises(NotFound, match=r"no slice 'nobody' among the test slices .* such as"):
        found.place_of("nobody")
    broken = judged.predictions.probabilities.copy()
    broken[0, 0] = np.nan
    with pytest.raises(InvalidInput, match="probabilities hold nan"):
        find_failures(replace(judged, predictions=replace(judged.predictions, probabilities=broken)))
