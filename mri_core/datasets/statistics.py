"""Label statistics of a data set: what `mri stats` prints and the Labels page draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mri_core.csv_text import csv_text
from mri_core.datasets.dataset import SPLITS, Dataset, Split

FLAGGED_DIFFERENCE = 0.03
"""Two splits whose prevalence of a label differs by more than this are flagged."""

_UNLABELLED = len(SPLITS) + 1
"""The last group of `count_label_sets`."""


def label_statistics(dataset: Dataset) -> dict[str, Any]:
    """Counts of slices, labels and label sets, in the shape of `mri stats NAME --json`."""
    names = dataset.label_names
    sets, counts = count_label_sets(dataset)
    # In floating point, where a product of matrices is fast: counts are exact in it up to 2^53.
    together = (sets.T * counts.sum(axis=0)).astype(float) @ sets.astype(float)
    splits = {split: _split_statistics(sets, counts[code], names) for code, split in enumerate(SPLITS)}
    return {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "image_shape": list(dataset.image_shape),
        "simulated": dataset.header.simulated,
        "labels": list(names),
        "slices": dataset.header.slices,
        "unlabelled": dataset.header.unlabelled,
        "patients": dataset.header.patients,
        "splits": splits,
        "co_occurrence": {a: {b: int(together[i, j]) for j, b in enumerate(names)} for i, a in enumerate(names)},
        "label_sets": _by_frequency(sets, counts[:_UNLABELLED].sum(axis=0), names),
        "differences": _differences(splits, names),
    }


def count_label_sets(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Every combination of labels that occurs, and how many slices have it; all else follows from these few numbers.

    Returns (sets, labels) uint8 of 1 and 0, ascending, and (groups, sets) counts, where a group is the slices of one
    of SPLITS, those of no split, and last those that are not `labelled`.
    """
    truth = dataset.truth
    codes = np.zeros(len(truth), dtype=np.int64)
    # Eight labels at a time; numbering the sets anew each time keeps their codes below the number of slices.
    for eight in np.packbits(truth, axis=1).T:
        codes = pd.factorize(codes * 256 + eight, sort=True)[0]
    an_example = np.empty(codes.max(initial=-1) + 1, dtype=np.int64)
    an_example[codes] = np.arange(len(codes))
    groups = np.where(dataset.split_codes < 0, len(SPLITS), dataset.split_codes).astype(np.int64)
    groups[~dataset.labelled] = _UNLABELLED
    found = np.bincount(groups * len(an_example) + codes, minlength=(_UNLABELLED + 1) * len(an_example))
    return truth[an_example], found.reshape(_UNLABELLED + 1, len(an_example))


def _split_statistics(sets: np.ndarray, counts: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    """Cardinality is the mean number of labels a slice, density the same as a share of all labels (Tsoumakas & Katakis,
    "Multi-Label Classification: An Overview", 2007).

    counts: (sets,) slices of the split with each label set.
    """
    slices, positives = int(counts.sum()), counts @ sets
    none = int(counts[~sets.any(axis=1)].sum())
    cardinality = float(positives.sum() / slices) if slices else None
    return {
        "slices": slices,
        "no_finding": none,
        "no_finding_share": none / slices if slices else None,
        "prevalence": {name: float(positives[i] / slices) if slices else None for i, name in enumerate(names)},
        "positives": {name: int(count) for name, count in zip(names, positives, strict=True)},
        "cardinality": cardinality,
        "density": cardinality / len(names) if cardinality is not None else None,
    }


def _by_frequency(sets: np.ndarray, counts: np.ndarray, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The combinations of labels that occur, most frequent first; the empty one is *no finding*."""
    order = np.argsort(-counts, kind="stable")
    return [
        {"labels": [name for name, on in zip(names, sets[i], strict=True) if on], "slices": int(counts[i])}
        for i in order[: np.count_nonzero(counts)]
    ]


def _differences(splits: Mapping[Split, Mapping[str, Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Labels (and *no finding*) whose prevalence in a split is more than FLAGGED_DIFFERENCE away from training's."""
    shares = {
        split: [*(found["prevalence"][name] for name in names), found["no_finding_share"]]
        for split, found in splits.items()
        if found["slices"]
    }
    return [
        {"split": split, "label": label, "difference": share - of_training}
        for split in SPLITS[1:]
        if split in shares and "train" in shares
        for label, share, of_training in zip([*names, "no finding"], shares[split], shares["train"], strict=True)
        if abs(share - of_training) > FLAGGED_DIFFERENCE
    ]


def split_table_csv(statistics: Mapping[str, Any]) -> str:
    """The counts and shares of every split as CSV, one line a split, undefined shares empty."""
    rows = []
    for split, found in statistics["splits"].items():
        row = {key: found[key] for key in ("slices", "no_finding", "no_finding_share", "cardinality", "density")}
        for name in statistics["labels"]:
            row |= {f"positives: {name}": found["positives"][name], f"prevalence: {name}": found["prevalence"][name]}
        rows.append({"split": split} | row)
    return csv_text(pd.DataFrame(rows))
