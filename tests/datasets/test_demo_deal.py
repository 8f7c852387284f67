from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from mri_core.datasets.demo.deal import split_patients


@pytest.mark.parametrize("patients", [5, 15, 20, 33, 1000])
def test_shares_are_12_3_5_and_no_split_is_empty(patients):
    positives = np.random.default_rng(0).integers(0, 20, (patients, 3))
    counts = Counter(split_patients(positives, seed=0).tolist())
    for split, share in {"train": 0.60, "validation": 0.15, "test": 0.25}.items():
        assert counts[split] >= 1 and abs(counts[split] - share * patients) <= 2


def test_splits_carry_alike():
    random = np.random.default_rng(1)
    positives = np.sort(random.integers(0, 20, (1000, 3)), axis=1)
    splits = split_patients(positives, seed=3)
    means = [positives[splits == split].sum(axis=1).mean() for split in ("train", "validation", "test")]
    by_chance = positives.sum(axis=1).std() / np.sqrt(150)
    assert max(means) - min(means) < by_chance / 3


def test_the_seed_decides():
    positives = np.arange(120).reshape(40, 3)
    assert (split_patients(positives, 1) == split_patients(positives, 1)).all()
    assert (split_patients(positives, 1) != split_patients(positives, 2)).any()
