"""A run beside the champion: the numbers are scikit-learn's and the comparison's, the verdict follows from them."""

import math
from pathlib import Path

import numpy as np
import pytest
from champion_support import Answers, alike, changeable, leaving_out, right, rival, wrong
from sklearn.metrics import f1_score

from mri_core.errors import NotFound
from mri_core.evaluation import Contender, compare
from mri_core.evaluation.predictions import FILE_NAME, load_predictions
from mri_core.prediction.challenge import challenge
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore

VERDICTS: dict[str, tuple[Answers, Answers, str]] = {
    "better": (wrong, right, "better beyond chance"),
    "worse": (right, wrong, "worse beyond chance"),
    "the same answers": (alike, alike, "not told apart"),
}


@pytest.fixture
def store(trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    return changeable(trained.settings.root, tmp_path / "lab", monkeypatch)


@pytest.fixture
def run(store: RunStore, trained) -> Run:
    return store.get(trained.run_id)


def f1(run: Run, average: str) -> float:
    stored = load_predictions(run.folder, "validation")
    return f1_score(stored.truth, stored.probabilities >= 0.5, average=average, zero_division=0)


def test_without_a_champion_the_run_is_the_first(store, run):
    found = challenge(run, None, store.settings)
    assert (found.verdict, found.champion, found.differences, found.resampling) == ("first", None, {}, None)
    assert found.slices == len(load_predictions(run.folder, "validation").ids)
    assert found.scores["micro_f1"] == pytest.approx(f1(run, "micro"))
    assert found.grounds().scores == found.scores and found.grounds().against is None


@pytest.mark.parametrize("case", VERDICTS)
def test_the_verdict(store, run, case):
    theirs, ours, verdict = VERDICTS[case]
    champion, challenger = rival(store, run, theirs), rival(store, run, ours)
    found = challenge(challenger, champion, store.settings)
    assert found.verdict == verdict and found.told.startswith(challenger.name) and champion.name in found.told
    for name, average in (("micro_f1", "micro"), ("macro_f1", "macro")):
        difference = found.differences[name]
        assert difference.b == found.scores[name] == pytest.approx(f1(challenger, average))
        assert difference.value == pytest.approx(f1(challenger, average) - f1(champion, average))
    assert found.grounds().verdict == verdict and found.grounds().against == champion.id
    assert found.resampling.unit == "patient" and found.to_json()["split"] == "validation"


def test_the_differences_are_those_of_the_comparison_and_holm_looks_at_two_scores(store, run):
    noise = np.random.default_rng(0)
    champion = rival(store, run, lambda truth, _: noise.random(truth.shape))
    challenger = rival(store, run, lambda truth, _: 0.15 * truth + 0.85 * noise.random(truth.shape))
    found = challenge(challenger, champion, store.settings)
    stored = [load_predictions(each.folder, "validation") for each in (champion, challenger)]
    a, b = (Contender("?", "f", known, [0.5] * known.truth.shape[1]) for known in stored)
    (expected,) = compare(a, [b], stored[0].ids)
    raw = [expected.differences["averages", average, "f1"] for average in ("micro", "macro")]
    shown = [found.differences[name] for name in ("micro_f1", "macro_f1")]
    assert [(each.value, each.low, each.high) for each in shown] == [(each.value, each.low, each.high) for each in raw]
    small, large = sorted(each.p_value for each in raw)
    assert sorted(each.adjusted_p for each in shown) == [min(1, 2 * small), max(min(1, 2 * small), large)]


def test_better_by_one_score_and_worse_by_the_other_is_not_told_apart(store, run):
    def common(truth: np.ndarray, _: np.ndarray) -> np.ndarray:
        """The most frequent label alone is found."""
        return truth * [0.9, 0, 0]

    def rare(truth: np.ndarray, _: np.ndarray) -> np.ndarray:
        """The rarest label is found, at the price of many false alarms among the others."""
        return np.stack([1 - truth[:, 0], np.ones(len(truth)), truth[:, 2]], axis=1) * 0.9

    champion, challenger = rival(store, run, rare), rival(store, run, common)
    found = challenge(challenger, champion, store.settings)
    signs = {name: math.copysign(1, each.value) for name, each in found.differences.items()}
    assert signs == {"micro_f1": 1, "macro_f1": -1}
    assert all(each.adjusted_p < 0.05 for each in found.differences.values())
    assert found.verdict == "not told apart" and "by one score and worse by the other" in found.told


def test_another_version_of_the_data_is_not_comparable_and_said_so(store, run):
    champion = rival(store, run, right, fingerprint="0123456789abcdef")
    found = challenge(run, champion, store.settings)
    assert found.verdict == "not comparable" and found.differences == {}
    assert "different versions of the data set" in found.told and "0123456789ab" in found.told
    assert found.scores["macro_f1"] == pytest.approx(f1(run, "macro"))


def test_a_champion_without_predictions_is_not_comparable_and_a_run_without_is_an_error(store, run):
    other = rival(store, run, right)
    (other.folder / FILE_NAME).unlink()
    assert challenge(run, other, store.settings).verdict == "not comparable"
    with pytest.raises(NotFound, match="no predictions"):
        challenge(other, run, store.settings)


def test_undefined_scores_are_kept_as_null(store, run):
    silent = rival(store, run, lambda truth, _: np.zeros(truth.shape))
    found = challenge(silent, None, store.settings)
    kept = found.grounds().scores
    assert kept == {name: None if math.isnan(score) else score for name, score in found.scores.items()}
    assert found.scores["micro_f1"] == 0


def test_a_run_that_left_out_a_part_of_the_patients_is_cautioned_about(store, run):
    assert challenge(run, None, store.settings).caution is None
    found = challenge(rival(store, leaving_out(run, 2), right), run, store.settings)
    assert found.verdict == "better beyond chance"
    assert found.caution is not None and "has not learnt from part 2 of 5 of the training patients" in found.caution
    assert found.to_json()["caution"] == found.caution
