"""Splitting into train, validation and test: patients stay whole, and label sets are spread alike, at once.

Greedy, the patients that are hardest to place first, then exchanges. It joins two known ideas, neither of which does
both: groups kept whole while one label is balanced (scikit-learn's StratifiedGroupKFold), and many labels balanced at
once slice by slice (Sechidis, Tsoumakas & Vlahavas, "On the stratification of multi-label data", 2011, who balance
label sets and single labels). What is made small is Pearson's chi-squared of the counts against those wanted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mri_core.datasets.dataset import SPLITS, Split
from mri_core.errors import InvalidInput

FRACTIONS: dict[Split, float] = {"train": 0.60, "validation": 0.15, "test": 0.25}
"""The study's shares: 12,000, 3,000 and 5,000 of 20,000 slices."""

_MOST_SETS = 64  # label sets balanced as such; rarer ones count through their single labels
_IN_BULK = 20  # patients alike in all counts, from which on they are dealt out together
_EXCHANGED = 4_000  # patients up to which exchanges pay for their time
_PASSES = 4


def stratified_split(
    truth: np.ndarray, patients: np.ndarray | None, fractions: Mapping[Split, float] = FRACTIONS, seed: int = 0
) -> np.ndarray:
    """The split of every slice, (slices,) str of SPLITS; the same input and seed give the same.

    truth: (slices, labels) of 0/1. patients: (slices,) of any kind, a slice without one (None, NaN) by itself; None
    when no patient is known. fractions: wanted shares of the slices; a split that is left out gets none.
    Raises InvalidInput for fractions that are not shares of one whole, or when there are fewer patients than splits.
    """
    shares = _checked(fractions)
    truth = np.asarray(truth, dtype=np.uint8)
    of_slice, number = _groups(patients, len(truth))
    wanted = np.flatnonzero(shares > 0)
    if number < len(wanted):
        raise InvalidInput(
            f"{number} patients cannot be dealt into {len(wanted)} splits; expected at least one for each: "
            "ask for fewer splits, or bring more patients"
        )
    counts = _counts(truth, of_slice, number)
    placed = wanted[_deal(counts, shares[wanted], np.random.default_rng([seed, 2**33]))]
    return np.array(SPLITS)[placed][of_slice]


def _checked(fractions: Mapping[Split, float]) -> np.ndarray:
    shares = np.array([fractions.get(split, 0.0) for split in SPLITS], dtype=float)
    if set(fractions) - set(SPLITS) or not np.isfinite(shares).all() or shares.min() < 0 or shares[0] == 0:
        raise InvalidInput(
            f"the fractions are {dict(fractions)}; expected one for each of {', '.join(SPLITS)}, train above 0"
        )
    if abs(shares.sum() - 1) > 1e-6:
        raise InvalidInput(f"the fractions {dict(fractions)} add up to {shares.sum():g}, expected 1")
    return shares / shares.sum()


def _groups(patients: np.ndarray | None, slices: int) -> tuple[np.ndarray, int]:
    """The group of each slice, (slices,) int, and how many groups there are."""
    if patients is None:
        return np.arange(slices), slices
    import pandas as pd

    codes, names = pd.factorize(np.asarray(patients, dtype=object))
    alone = codes < 0
    codes[alone] = len(names) + np.arange(alone.sum())
    return codes, len(names) + int(alone.sum())


def _counts(truth: np.ndarray, of_slice: np.ndarray, groups: int) -> np.ndarray:
    """What is balanced: slices, slices with each label and slices with each label set, (groups, columns) float32."""
    set_of, number = _kinds(truth)
    frequent = np.argsort(-number, kind="stable")[:_MOST_SETS]
    column = np.full(len(number), len(frequent))
    column[frequent] = np.arange(len(frequent))
    columns = [np.bincount(of_slice, minlength=groups)]
    columns += [np.bincount(of_slice, weights=label, minlength=groups) for label in truth.T]
    columns += [
        np.bincount(of_slice, weights=column[set_of] == place, minlength=groups) for place in range(len(frequent))
    ]
    return np.stack([one.astype(np.float32) for one in columns if one.any()], axis=1)


def _kinds(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which rows are alike: the kind of each, (rows,) int, and how many there are of each kind.

    By a random projection to one number, which parts rows that differ but for one pair in some 10^18.
    """
    random = np.random.default_rng(0)
    keys = np.zeros(len(rows), np.uint64)
    for column in rows.T:
        keys += column.astype(np.uint64) * np.uint64(random.integers(1, 2**63))
    _, kind_of, number = np.unique(keys, return_inverse=True, return_counts=True)
    return kind_of, number


def _deal(counts: np.ndarray, shares: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The split of each group, (groups,) int. counts: (groups, columns). shares: (splits,), above 0."""
    wanted = shares[:, np.newaxis] * counts.sum(axis=0, dtype=float)
    splits = np.full(len(counts), -1)
    kind_of, number = _kinds(counts)
    by_kind = np.split(np.argsort(kind_of, kind="stable"), np.cumsum(number)[:-1])
    for members in (one for one in by_kind if len(one) >= _IN_BULK):
        dealt = np.repeat(np.arange(len(shares)), np.floor(shares * len(members)).astype(int))
        splits[random.permutation(members)[: len(dealt)]] = dealt
    held = np.stack([counts[splits == split].sum(axis=0, dtype=float) for split in range(len(shares))])
    _place_greedily(splits, counts, held, wanted, random)
    _give_everyone_one(splits, counts, held)
    if len(counts) <= _EXCHANGED:
        _exchange(splits, counts, held, wanted, random)
    return splits


def _place_greedily(
    splits: np.ndarray, counts: np.ndarray, held: np.ndarray, wanted: np.ndarray, random: np.random.Generator
) -> None:
    """Place what is left, in order of how much of all there is a group holds; fills `splits` and `held`."""
    weight = 1 / wanted
    left = random.permutation(np.flatnonzero(splits < 0))
    size = (counts[left] ** 2 / counts.sum(axis=0, dtype=float)).sum(axis=1)
    for group in left[np.argsort(-size, kind="stable")]:
        one = counts[group]
        cost = (weight * one * (one + 2 * (held - wanted))).sum(axis=1)
        split = int(cost.argmin())
        splits[group] = split
        held[split] += one


def _give_everyone_one(splits: np.ndarray, counts: np.ndarray, held: np.ndarray) -> None:
    """A split that got no group takes the smallest one of the split that has most."""
    for split in range(len(held)):
        if not (splits == split).any():
            rich = int(np.bincount(splits, minlength=len(held)).argmax())
            members = np.flatnonzero(splits == rich)
            group = members[counts[members, 0].argmin()]
            splits[group] = split
            held[rich] -= counts[group]
            held[split] += counts[group]


def _exchange(
    splits: np.ndarray, counts: np.ndarray, held: np.ndarray, wanted: np.ndarray, random: np.random.Generator
) -> None:
    """Exchange pairs of groups between splits while that lessens the chi-squared."""
    weight = 1 / wanted
    for _ in range(_PASSES):
        better = 0
        for group in random.permutation(len(counts)):
            mine = splits[group]
            others = np.flatnonzero(splits != mine)
            if not len(others):
                return
            moved = counts[others] - counts[group]  # what my split gains, and the other loses
            theirs = splits[others]
            gain = (moved * weight[mine] * (moved + 2 * (held[mine] - wanted[mine]))).sum(axis=1)
            loss = (moved * weight[theirs] * (moved - 2 * (held[theirs] - wanted[theirs]))).sum(axis=1)
            best = int((gain + loss).argmin())
            if gain[best] + loss[best] < -1e-9:
                other = others[best]
                splits[group], splits[other] = splits[other], mine
                held[mine] += moved[best]
                held[theirs[best]] -= moved[best]
                better += 1
        if not better:
            return
