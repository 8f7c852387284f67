"""Comparing ended runs: whether they may be, the verdicts, and what is known of slices they judge differently."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from ended_runs import LABELS, add_run, described, judged_runs
from sklearn.metrics import f1_score

from mri_core.errors import InvalidInput
from mri_core.evaluation.comparison import Difference
from mri_core.prediction.judged_run import JudgedRun, open_judged_run
from mri_core.prediction.run_comparison import check_comparable, compare_runs, disputed, judged_by, verdict
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

MICRO = ("averages", "micro", "f1")


def called(judged: JudgedRun) -> np.ndarray:
    return judged.predictions.probabilities >= np.array([0.5, 0.4, 0.5])


def test_every_run_is_compared_with_the_first() -> None:
    runs = [described(1), described(2, batch_size=32), described(3, optimizer="sgd")]
    judged = judged_runs(runs, (0, 0.4, -0.4))
    compared = compare_runs(judged)
    assert (compared.split, compared.names) == ("test", ("cnn 1", "cnn 2", "cnn 3"))
    assert [(one.a, one.b) for one in compared.comparisons] == [("cnn 1", "cnn 2"), ("cnn 1", "cnn 3")]
    scores = [f1_score(one.predictions.truth, called(one), average="micro", zero_division=0) for one in judged]
    better, worse = (one.differences[MICRO] for one in compared.comparisons)
    assert (better.a, better.b, worse.b) == pytest.approx(tuple(scores))
    assert verdict(MICRO, better) == "better beyond chance" and verdict(MICRO, worse) == "worse beyond chance"
    assert compared.comparisons[0].resampling.unit == "patient"
    assert compared.comparisons[0].resampling.number == 40
    assert compared.configurations == ()


def test_seeds_are_folded_with_the_scores_of_their_own_runs() -> None:
    runs = [described(1), described(2, seed=1), described(3, optimizer="sgd"), described(4, optimizer="sgd", seed=1)]
    judged = judged_runs(runs, (0, 0, 0.3, 0.3))
    first, second = compare_runs(judged).configurations
    scores = [f1_score(one.predictions.truth, called(one), average="micro", zero_division=0) for one in judged]
    assert first.scores[MICRO].mean == pytest.approx(np.mean(scores[:2]))
    assert second.scores[MICRO].mean == pytest.approx(np.mean(scores[2:]))
    assert second.differences is not None
    assert second.differences[MICRO].spread.mean == pytest.approx(np.mean(scores[2:]) - np.mean(scores[:2]))


def test_runs_of_the_same_name_are_told_apart() -> None:
    runs = [described(1), replace(described(2, batch_size=32), id="a" * 32, name="cnn 1")]
    compared = compare_runs(judged_runs(runs, (0, 0.1)))
    assert len(set(compared.names)) == 2 and all(name.startswith("cnn 1 (") for name in compared.names)


def test_the_document() -> None:
    runs = [described(1), described(2, batch_size=32)]
    document = compare_runs(judged_runs(runs, (0, 0.3))).to_json()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["reference"] == runs[0].id and document["split"] == "test"
    assert document["runs"] == [{"id": runs[0].id, "name": "cnn 1"}, {"id": runs[1].id, "name": "cnn 2"}]
    assert document["settings"] == {"batch_size": [64, 32]}
    (comparison,) = document["comparisons"]
    assert (comparison["a"], comparison["b"]) == ("cnn 1", "cnn 2")
    assert comparison["differences"]["labels"]["never"]["f1"]["value"] is None
    assert document["seeds"] == []


@pytest.mark.parametrize(
    ("path", "value", "p", "told"),
    [
        (MICRO, 0.1, 0.049, "better beyond chance"),
        (MICRO, -0.1, 0.01, "worse beyond chance"),
        (MICRO, 0.1, 0.051, "not told apart"),
        (MICRO, np.nan, np.nan, "not told apart"),
        (("macro", "brier"), -0.1, 0.01, "better beyond chance"),
        (("hamming_loss",), 0.1, 0.01, "worse beyond chance"),
        (("no_finding", "false_alarm_rate"), 0.1, 0.01, "worse beyond chance"),
    ],
)
def test_verdicts_go_by_the_adjusted_p_and_know_which_scores_fall(path, value, p, told) -> None:
    # The p-value of its own would say the reverse: it is the adjusted one that counts.
    assert verdict(path, Difference(0.5, 0.5 + value, value, -1, 1, 0.05 - (p - 0.05), p)) == told


def test_every_score_that_falls_is_known() -> None:
    """Of a run against the truth itself, the truth is better or equal in every score."""
    (comparison,) = compare_runs(judged_runs([described(1), described(2)], (0, 1))).comparisons
    apart = {path: found for path, found in comparison.differences.items() if found.value and not np.isnan(found.value)}
    assert len(apart) > len(comparison.differences) / 2
    for path, difference in apart.items():
        assert verdict(path, replace(difference, adjusted_p=0.0)) == "better beyond chance", path


def test_judged_by() -> None:
    assert judged_by(0.1, 0.04) == "better beyond chance"
    assert judged_by(-0.1, 0.04) == "worse beyond chance"
    assert judged_by(-0.1, np.nan) == "not told apart"


REFUSED = {
    "twice": (lambda a: [a, a], "run 'cnn 1' (00000000) is given twice"),
    "alone": (lambda a: [a], "1 run was given; expected at least two"),
    "other version": (
        lambda a: [a, replace(described(2), dataset_fingerprint="0" * 40)],
        "cnn 2 was trained on another version of the data (000000000000) than cnn 1 (ffffffffffff)",
    ),
    "not ended": (lambda a: [a, replace(described(2), status="running")], "cnn 2 is running and has no predictions"),
    "stopped at once": (
        lambda a: [replace(described(2), status="stopped", best_epoch=None), a],
        "cnn 2 is stopped and has no predictions",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_compared(case: str) -> None:
    made, said = REFUSED[case]
    with pytest.raises(InvalidInput) as refusal:
        check_comparable(made(described(1)))
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


def test_disputed_slices_are_described_whatever_the_order_of_the_other_run() -> None:
    a, b = judged_runs([described(1), described(2, batch_size=32)], (0, 0.5))
    order = np.random.default_rng(1).permutation(len(b.predictions.ids))
    shuffled = replace(
        b.predictions,
        ids=b.predictions.ids[order],
        truth=b.predictions.truth[order],
        probabilities=b.predictions.probabilities[order],
    )
    turned = replace(b, predictions=shuffled, stored=shuffled, patients=None)
    (comparison,) = compare_runs([a, turned]).comparisons
    found = disputed(a, turned, comparison.whole.only_b)
    assert [one.id for one in found] == list(comparison.whole.only_b) and found
    for one in found:
        place = int(one.id[1:])
        names = [
            tuple(name for name, on in zip(LABELS, row, strict=True) if on)
            for row in (a.predictions.truth[place], called(a)[place], called(b)[place])
        ]
        assert (one.truth, one.a, one.b) == tuple(names)
        assert one.b == one.truth != one.a
        assert one.patient == f"p{place % 40}" and one.row is None


def test_slices_of_a_data_set_are_found_in_it(trained, home: Settings) -> None:
    shutil.copytree(trained.settings.root, home.root, dirs_exist_ok=True)
    store = RunStore(home)
    second = add_run(store, trained.run_id, gain=0.5, batch_size=32)
    a, b = (open_judged_run(store.get(run_id), "validation", home) for run_id in (trained.run_id, second.id))
    ids = a.predictions.ids[5:8].tolist()
    assert a.dataset is not None
    index = a.dataset.index
    found = disputed(a, b, ids)
    assert [one.id for one in found] == ids
    for one in found:
        assert index["id"].iloc[one.row] == one.id and index["patient"].iloc[one.row] == one.patient
