"""Splitting by patient with label sets alike."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from mri_core.datasets.dataset import SPLITS
from mri_core.datasets.split import FRACTIONS, _counts, stratified_parts, stratified_split
from mri_core.errors import InvalidInput


def clustered(patients: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Truth of patients with different numbers of slices and nested labels that run in patients."""
    sizes = random.integers(1, 40, patients)
    of_slice = np.repeat(np.arange(patients), sizes)
    burden = random.beta(0.5, 0.8, patients)[of_slice]
    chance = burden[:, np.newaxis] * (0.9, 0.6, 0.25)
    return (random.random(chance.shape) < chance).cumprod(axis=1).astype(np.uint8), of_slice


def shares(truth: np.ndarray) -> np.ndarray:
    """Prevalence of every label and of no finding."""
    return np.append(truth.mean(axis=0), (~truth.any(axis=1)).mean())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("patients", [60, 400, 5000])
def test_patients_stay_whole_and_labels_are_spread_alike(patients: int, seed: int) -> None:
    truth, of_slice = clustered(patients, np.random.default_rng(seed))
    splits = stratified_split(truth, of_slice, seed=seed)
    assert all(len(set(splits[of_slice == patient])) == 1 for patient in range(min(patients, 400)))
    for split, fraction in FRACTIONS.items():
        assert (splits == split).mean() == pytest.approx(fraction, abs=0.005)
        # 60 patients put nine into validation, where one slice is half a point.
        assert np.abs(shares(truth[splits == split]) - shares(truth)).max() < (0.015 if patients == 60 else 0.005)


def test_it_is_far_better_than_chance() -> None:
    truth, of_slice = clustered(200, np.random.default_rng(7))
    random = np.random.default_rng(0)
    by_chance = np.array(SPLITS)[random.choice(3, 200, p=list(FRACTIONS.values()))][of_slice]

    def worst(splits: np.ndarray) -> float:
        return max(np.abs(shares(truth[splits == split]) - shares(truth)).max() for split in SPLITS)

    assert worst(stratified_split(truth, of_slice)) < worst(by_chance) / 5


def test_slices_without_patients_are_dealt_one_by_one() -> None:
    random = np.random.default_rng(1)
    truth = (random.random((20_000, 6)) < (0.5, 0.3, 0.2, 0.1, 0.02, 0.005)).astype(np.uint8)
    splits = stratified_split(truth, None)
    for split, fraction in FRACTIONS.items():
        chosen = splits == split
        # Each label's slices in each split are the wanted number up to a few.
        assert np.abs(truth[chosen].sum(axis=0) - fraction * truth.sum(axis=0)).max() <= 3


def test_a_missing_patient_is_one_by_itself() -> None:
    truth = np.zeros((40, 1), np.uint8)
    patients = np.array(["a"] * 10 + [None] * 30, dtype=object)
    splits = stratified_split(truth, patients, {"train": 0.5, "validation": 0.5})
    assert len(set(splits[:10])) == 1 and set(splits[10:]) == {"train", "validation"}


def test_the_seed_decides_and_order_of_patients_names_does_not_matter() -> None:
    truth, of_slice = clustered(100, np.random.default_rng(2))
    first = stratified_split(truth, of_slice, seed=1)
    assert (first == stratified_split(truth, of_slice, seed=1)).all()
    assert (first != stratified_split(truth, of_slice, seed=2)).any()
    assert (first == stratified_split(truth, np.char.add("patient ", of_slice.astype(str)), seed=1)).all()


@pytest.mark.parametrize("patients", [3, 4, 7])
def test_few_patients_leave_no_split_empty(patients: int) -> None:
    truth, of_slice = clustered(patients, np.random.default_rng(5))
    assert set(stratified_split(truth, of_slice)) == set(SPLITS)


def test_a_fraction_of_zero_gets_nothing() -> None:
    truth, of_slice = clustered(50, np.random.default_rng(3))
    assert set(stratified_split(truth, of_slice, {"train": 0.8, "validation": 0.2, "test": 0.0})) == {
        "train",
        "validation",
    }


@pytest.mark.parametrize(
    ("fractions", "said"),
    [
        ({"train": 0.5, "validation": 0.2, "test": 0.2}, "add up to 0.9"),
        ({"train": 1.2, "validation": -0.2}, "expected one for each"),
        ({"train": 0.5, "holdout": 0.5}, "expected one for each"),
        ({"validation": 0.5, "test": 0.5}, "train above 0"),
        ({"train": float("nan"), "validation": 1.0}, "expected one for each"),
    ],
)
def test_bad_fractions_are_said(fractions: dict, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        stratified_split(np.zeros((10, 1)), None, fractions)


def test_fewer_patients_than_splits() -> None:
    with pytest.raises(InvalidInput, match="2 patients cannot be dealt into 3 splits"):
        stratified_split(np.zeros((10, 1)), np.repeat([0, 1], 5))


@pytest.mark.parametrize("seed", range(2))
def test_parts_are_alike_in_size_and_prevalence_and_keep_patients_whole(seed: int) -> None:
    truth, of_slice = clustered(400, np.random.default_rng(seed))
    parts = stratified_parts(truth, of_slice, 5, seed=seed)
    assert all(len(set(parts[of_slice == patient])) == 1 for patient in range(400))
    for part in range(5):
        assert (parts == part).mean() == pytest.approx(0.2, abs=0.005)
        assert np.abs(shares(truth[parts == part]) - shares(truth)).max() < 0.01
    assert (parts != stratified_parts(truth, of_slice, 5, seed=seed + 1)).any()
    with pytest.raises(InvalidInput, match="3 patients cannot be dealt into 5 parts"):
        stratified_parts(np.zeros((9, 1)), np.repeat([0, 1, 2], 3), 5)


@pytest.mark.parametrize("patients", [1, 20, 300])
def test_groups_that_share_a_row_have_its_counts(patients: int) -> None:
    """Slices, slices with each label and with each label set, counted group by group."""
    truth, of_slice = clustered(patients, np.random.default_rng(patients))
    of_slice = np.random.default_rng(0).permutation(of_slice)
    sets = np.unique(truth, axis=0)
    counts = _counts(truth, of_slice)
    assert len(counts) == patients
    for group in range(patients):
        held = truth[of_slice == group]
        expected = [len(held), *held.sum(axis=0), *((held == one).all(axis=1).sum() for one in sets)]
        # The order of the columns is the code's own affair.
        assert sorted(filter(None, counts[group])) == sorted(filter(None, expected))
    np.testing.assert_array_equal(counts.total(), counts[np.arange(patients)].sum(axis=0))


def test_a_million_slices_without_patients_would_take_little_memory() -> None:
    truth = (np.random.default_rng(0).random((50_000, 6)) < 0.2).astype(np.uint8)
    tracemalloc.start()
    try:
        stratified_split(truth, None)
        assert tracemalloc.get_traced_memory()[1] < 150 * len(truth)
    finally:
        tracemalloc.stop()
