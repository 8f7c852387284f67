"""Patients in several splits, and shifts of prevalence that patients do and do not explain."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from mri_core.datasets.dataset import Dataset
from mri_core.evaluation.clusters import find_clusters
from mri_core.quality.leakage import leaked_patients
from mri_core.quality.prevalence import LEVEL, design_effect, homogeneity, prevalence_shift


def small_pixels(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8)).astype(np.uint8)


def test_a_leaked_patient_stays_where_most_of_it_is(made) -> None:
    patients = ["a", "a", "a", "b", "b", "c", None, None]
    splits = ["train", "test", "train", "train", "test", "validation", "train", "test"]
    [finding] = leaked_patients(made(small_pixels(8), {"x": [0] * 8}, patient=patients, split=splits))
    assert finding.count == 2 and sorted(finding.rows.tolist()) == [0, 1, 2, 3, 4]
    # b has as many in both, and stays where it is judged.
    assert finding.excluded.tolist() == [1, 3]
    assert [dict(line) for line in finding.table] == [
        {"patient": "a", "train": 2, "validation": 0, "test": 1},
        {"patient": "b", "train": 1, "validation": 0, "test": 1},
    ]


def test_without_patients_nothing_can_leak(made) -> None:
    assert leaked_patients(made(small_pixels(4), {"x": [0] * 4}, split=["train", "test"] * 2)) == ()


def test_with_one_slice_a_patient_it_is_nearly_pearson_s_test() -> None:
    random = np.random.default_rng(3)
    splits = np.repeat([0, 1, 2], [2000, 1000, 1500])
    values = random.random(len(splits)) < np.array([0.3, 0.33, 0.31])[splits]
    counts = [[(values & (splits == s)).sum(), (~values & (splits == s)).sum()] for s in range(3)]
    found = homogeneity(values, splits, find_clusters(None, len(values)))
    assert found == pytest.approx(chi2_contingency(counts, correction=False).pvalue, rel=0.02)


def test_the_design_effect_is_the_size_of_equal_patients_that_agree_in_all_slices() -> None:
    of_patient = np.random.default_rng(1).random(4000) < 0.3
    values, patients = np.repeat(of_patient, 5), np.repeat(np.arange(4000), 5)
    assert design_effect(values, find_clusters(patients, len(values))) == pytest.approx(5, rel=1e-3)
    assert design_effect(np.zeros(10, bool), find_clusters(None, 10)) == 1


def test_slices_of_one_patient_do_not_count_as_many_which_pearson_s_test_takes_them_for() -> None:
    """Without a shift, p-values below 5 % come up about 5 % of the time, and with Pearson's test far more often."""
    random, splits = np.random.default_rng(7), np.repeat([0, 1], [1200, 800])
    patients = np.repeat(np.arange(100), 20)
    clusters, ours, pearson = find_clusters(patients, 2000), [], []
    for _ in range(300):
        values = random.random(2000) < np.repeat(random.beta(0.5, 0.5, 100), 20)
        ours.append(homogeneity(values, splits, clusters))
        counts = [[(values & (splits == s)).sum(), (~values & (splits == s)).sum()] for s in (0, 1)]
        pearson.append(chi2_contingency(counts, correction=False).pvalue)
    assert 0.02 < np.mean(np.array(ours) < 0.05) < 0.09
    assert np.mean(np.array(pearson) < 0.05) > 0.4


def test_a_shift_is_found_with_its_size(made) -> None:
    splits = ["train"] * 600 + ["test"] * 600
    random = np.random.default_rng(0)
    shifted = [*(random.random(600) < 0.2).astype(int), *(random.random(600) < 0.5).astype(int)]
    level = (random.random(1200) < 0.5).astype(int).tolist()
    dataset = made(small_pixels(1200), {"x": shifted, "y": level}, split=splits, patient=[f"p{i}" for i in range(1200)])
    [finding] = prevalence_shift(dataset)
    lines = {line["label"]: line for line in finding.table}
    assert "y" not in lines and finding.severity == "serious" and not len(finding.excluded)
    assert lines["x"]["train"] == pytest.approx(np.mean(shifted[:600]))
    assert lines["x"]["test"] == pytest.approx(np.mean(shifted[600:])) and lines["x"]["validation"] is None
    assert 0 <= lines["x"]["p_value"] < LEVEL and "x" in finding.summary


def test_splits_by_patient_of_the_simulated_set_are_alike(clean: Dataset) -> None:
    assert prevalence_shift(clean) == ()


def test_too_few_patients_say_nothing() -> None:
    values, splits = np.array([1, 0] * 10, dtype=bool), np.repeat([0, 1], 10)
    assert np.isnan(homogeneity(values, splits, find_clusters(np.arange(20) // 5, 20)))
    assert np.isnan(homogeneity(np.zeros(400, bool), np.repeat([0, 1], 200), find_clusters(None, 400)))
