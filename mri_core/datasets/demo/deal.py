"""Dealing the simulated patients, who all have as many slices, into the splits that the study had."""

from __future__ import annotations

import numpy as np

from mri_core.datasets.dataset import SPLITS

SHARES = (0.60, 0.15, 0.25)
"""Shares of patients for train, validation and test: the study's 12,000, 3,000 and 5,000 of 20,000 slices."""

_BLOCK = 20  # patients with similar findings that are dealt out together


def split_patients(positives: np.ndarray, seed: int) -> np.ndarray:
    """Deal patients into train, validation and test, 12 : 3 : 5, alike in how much they carry.

    positives: (patients, labels) counts of slices with each label. Patients are ordered by their sum and dealt
    out in blocks of 20, at random within a block (stratified random sampling: Cochran, "Sampling Techniques",
    1977, ch. 5).
    Returns the split of each patient, (patients,) str.
    """
    random = np.random.default_rng([seed, 2**32])
    order = np.argsort(positives.sum(axis=1), kind="stable")
    splits = np.empty(len(positives), dtype="U10")
    for start in range(0, len(order), _BLOCK):
        block = order[start : start + _BLOCK]
        splits[block] = random.permutation(np.repeat(SPLITS, _whole_shares(len(block))))
    return splits


def _whole_shares(patients: int) -> np.ndarray:
    """SHARES of a number of patients in whole patients, by largest remainder."""
    exact = np.array(SHARES) * patients
    shares = np.floor(exact).astype(int)
    shares[np.argsort(shares - exact, kind="stable")[: patients - shares.sum()]] += 1
    return shares
