"""Splitting into train, validation and test: patients stay whole, and label sets are spread alike, at once.

Greedy, the patients that are hardest to place first, then exchanges. It joins two known ideas, neither of which does
both: groups kept whole while one label is balanced (scikit-learn's StratifiedGroupKFold), and many labels balanced at
once slice by slice (Sechidis, Tsoumakas & Vlahavas, "On the stratification of multi-label data", 2011, who balance
label sets and single labels). What is made small is Pearson's chi-squared of the counts against those wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
    wanted = np.flatnonzero(shares > 0)
    return np.array(SPLITS)[wanted][_dealt(truth, patients, shares[wanted], seed, "splits")]


def stratified_parts(truth: np.ndarray, patients: np.ndarray | None, parts: int, seed: int = 0) -> np.ndarray:
    """The part of every slice, (slices,) int from 0, for cross-validation: equal shares, else as `stratified_split`."""
    return _dealt(truth, patients, np.full(parts, 1 / parts), seed, "parts")


def _dealt(truth: np.ndarray, patients: np.ndarray | None, shares: np.ndarray, seed: int, what: str) -> np.ndarray:
    """The place in `shares` that each slice is dealt to, (slices,) int. what: they are called in a message."""
    truth = np.asarray(truth, dtype=np.uint8)
    of_slice, number = _groups(patients, len(truth))
    if number < len(shares):
        raise InvalidInput(
            f"{number} patients cannot be dealt into {len(shares)} {what}; expected at least one for each: "
            f"ask for fewer {what}, or bring more patients"
        )
    return _deal(_counts(truth, of_slice), shares, np.random.default_rng([seed, 2**33]))[of_slice]


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

    names_of = np.asarray(patients)
    codes, names = pd.factorize(names_of if names_of.dtype.kind in "iuf" else names_of.astype(object))
    alone = codes < 0
    codes[alone] = len(names) + np.arange(alone.sum())
    return codes, len(names) + int(alone.sum())


@dataclass(frozen=True)
class _Counts:
    """What is balanced: slices, slices with each label and slices with each label set, of every group.

    Groups with the same counts share a row, since a million slices without patients are a million groups.
    rows: (kinds, columns) float32. kind_of: (groups,) int.
    """

    rows: np.ndarray
    kind_of: np.ndarray

    def __len__(self) -> int:
        return len(self.kind_of)

    def __getitem__(self, groups: np.ndarray | int) -> np.ndarray:
        """(groups, columns), or (columns,) of one."""
        return self.rows[self.kind_of[groups]]

    def total(self, chosen: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The sum over groups, (columns,) float."""
        return np.bincount(self.kind_of[chosen], minlength=len(self.rows)) @ self.rows.astype(float)


def _counts(truth: np.ndarray, of_slice: np.ndarray) -> _Counts:
    """Counts of the groups, each of which holds a slice or more."""
    set_of, number = _kinds(truth)
    # Groups that hold the same label sets as often have the same sum of one random number a set.
    keys = np.random.default_rng(1).integers(1, 2**63, len(number)).astype(np.uint64)[set_of]
    order = np.argsort(of_slice, kind="stable")
    sums = np.add.reduceat(keys[order], np.flatnonzero(np.diff(of_slice[order], prepend=-1)))
    _, first, alike = np.unique(sums, return_index=True, return_inverse=True)
    counted = np.isin(of_slice, first)
    group, set_of, truth = alike[of_slice[counted]], set_of[counted], truth[counted]
    frequent = np.argsort(-number, kind="stable")[:_MOST_SETS]
    weights = [None, *truth.T, *(set_of == one for one in frequent)]
    rows = np.empty((len(first), len(weights)), np.float32)
    for column, weight in enumerate(weights):
        rows[:, column] = np.bincount(group, weights=weight, minlength=len(first))
    rows = rows[:, rows.any(axis=0)]
    kind_of, _ = _kinds(rows)
    _, one_each = np.unique(kind_of, return_index=True)
    return _Counts(rows[one_each], kind_of[alike])


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


def _deal(counts: _Counts, shares: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The split of each group, (groups,) int. shares: (splits,), above 0."""
    wanted = shares[:, np.newaxis] * counts.total()
    splits = np.full(len(counts), -1)
    by_kind = np.split(np.argsort(counts.kind_of, kind="stable"), np.cumsum(np.bincount(counts.kind_of))[:-1])
    for members in (one for one in by_kind if len(one) >= _IN_BULK):
        dealt = np.repeat(np.arange(len(shares)), np.floor(shares * len(members)).astype(int))
        splits[random.permutation(members)[: len(dealt)]] = dealt
    held = np.stack([counts.total(splits == split) for split in range(len(shares))])
    _place_greedily(splits, counts, held, wanted, random)
    _give_everyone_one(splits, counts, held)
    if len(counts) <= _EXCHANGED:
        _exchange(splits, counts, held, wanted, random)
    return splits


def _place_greedily(
    splits: np.ndarray, counts: _Counts, held: np.ndarray, wanted: np.ndarray, random: np.random.Generator
) -> None:
    """Place what is left, in order of how much of all there is a group holds; fills `splits` and `held`."""
    weight = 1 / wanted
    left = random.permutation(np.flatnonzero(splits < 0))
    total = counts.total()
    parts = np.array_split(left, len(left) // 10_000 + 1)  # all at once would take several times their memory
    size = np.concatenate([(counts[part] ** 2 / total).sum(axis=1) for part in parts])
    for group in left[np.argsort(-size, kind="stable")]:
        one = counts[group]
        cost = (weight * one * (one + 2 * (held - wanted))).sum(axis=1)
        split = int(cost.argmin())
        splits[group] = split
        held[split] += one


def _give_everyone_one(splits: np.ndarray, counts: _Counts, held: np.ndarray) -> None:
    """A split that got no group takes the smallest one of the split that has most."""
    for split in range(len(held)):
        if not (splits == split).any():
            rich = int(np.bincount(splits, minlength=len(held)).argmax())
            members = np.flatnonzero(splits == rich)
            group = members[counts[members][:, 0].argmin()]
            splits[group] = split
            held[rich] -= counts[group]
            held[split] += counts[group]


def _exchange(
    splits: np.ndarray, counts: _Counts, held: np.ndarray, wanted: np.ndarray, random: np.random.Generator
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
