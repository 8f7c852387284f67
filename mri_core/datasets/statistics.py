"""Label statistics of a data set: what `mri stats` prints and the Labels page draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mri_core.datasets.dataset import SPLITS, Dataset

FLAGGED_DIFFERENCE = 0.03
"""Two splits whose prevalence of a label differs by more than this are flagged."""


def label_statistics(dataset: Dataset) -> dict[str, Any]:
    """Counts of slices, labels and label sets, in the shape of `mri stats NAME --json`."""
    truth, names = dataset.truth, dataset.label_names
    together = truth.T.astype(np.int64) @ truth
    return {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "image_shape": list(dataset.image_shape),
        "simulated": dataset.header.simulated,
        "labels": list(names),
        "slices": dataset.header.slices,
        "unlabelled": dataset.header.unlabelled,
        "patients": dataset.header.patients,
        "splits": {split: _split_statistics(truth[dataset.rows(split)], names) for split in SPLITS},
        "co_occurrence": {a: {b: int(together[i, j]) for j, b in enumerate(names)} for i, a in enumerate(names)},
        "label_sets": label_sets(truth[dataset.labelled], names),
        "differences": split_differences(dataset),
    }


def _split_statistics(truth: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    """Cardinality is the mean number of labels a slice, density the same as a share of all labels (Tsoumakas & Katakis,
    "Multi-Label Classification: An Overview", 2007)."""
    per_slice = truth.sum(axis=1)
    return {
        "slices": len(truth),
        "no_finding": int((per_slice == 0).sum()),
        "no_finding_share": float((per_slice == 0).mean()) if len(truth) else None,
        "prevalence": {name: float(truth[:, i].mean()) if len(truth) else None for i, name in enumerate(names)},
        "positives": {name: int(count) for name, count in zip(names, truth.sum(axis=0), strict=True)},
        "cardinality": float(per_slice.mean()) if len(truth) else None,
        "density": float(truth.mean()) if len(truth) else None,
    }


def label_sets(truth: np.ndarray, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Every combination of labels that occurs, most frequent first; the empty one is *no finding*.

    truth: (slices, labels) of 1 and 0.
    """
    sets, counts = np.unique(truth, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [
        {"labels": [name for name, on in zip(names, sets[i], strict=True) if on], "slices": int(counts[i])}
        for i in order
    ]


def split_table_csv(statistics: Mapping[str, Any]) -> str:
    """The counts and shares of every split as CSV, one line a split, undefined shares empty."""
    rows = []
    for split, found in statistics["splits"].items():
        row = {key: found[key] for key in ("slices", "no_finding", "no_finding_share", "cardinality", "density")}
        for name in statistics["labels"]:
            row |= {f"positives: {name}": found["positives"][name], f"prevalence: {name}": found["prevalence"][name]}
        rows.append({"split": split} | row)
    return pd.DataFrame(rows).to_csv(index=False)


def split_differences(dataset: Dataset) -> list[dict[str, Any]]:
    """Labels (and *no finding*) whose prevalence in a split is more than FLAGGED_DIFFERENCE away from training's."""
    prevalence = {}
    for split in SPLITS:
        truth = dataset.truth[dataset.rows(split)]
        if len(truth):
            prevalence[split] = [*truth.mean(axis=0), (truth.sum(axis=1) == 0).mean()]
    found = []
    for split in SPLITS[1:]:
        for i, label in enumerate([*dataset.label_names, "no finding"]):
            if split in prevalence and "train" in prevalence:
                difference = float(prevalence[split][i] - prevalence["train"][i])
                if abs(difference) > FLAGGED_DIFFERENCE:
                    found.append({"split": split, "label": label, "difference": difference})
    return found
