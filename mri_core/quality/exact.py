"""Exact duplicates: slices whose pixels have the same checksum."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mri_core.datasets.dataset import Dataset
from mri_core.quality.copies import copy_findings, judged_last
from mri_core.quality.finding import Finding, split_codes


def exact_duplicates(dataset: Dataset) -> tuple[Finding, ...]:
    """Pairs of a slice that stays and a copy of it. Slices of one intensity are no copies but blank."""
    pairs = exact_pairs(dataset)
    return copy_findings(dataset, "exact", "exact duplicates", "are the same in every pixel", pairs, [""] * len(pairs))


def exact_pairs(dataset: Dataset) -> np.ndarray:
    """(n, 2): for every group of equal slices, the one judged last beside each other one."""
    of_group = pd.factorize(dataset.columns("checksum")["checksum"])[0]
    repeated = np.bincount(of_group)[of_group] > 1
    rows = np.flatnonzero(repeated)
    # The one that stays comes first in its group.
    rows = rows[np.lexsort((rows, judged_last(split_codes(dataset))[rows], of_group[rows]))]
    first = np.r_[True, np.diff(of_group[rows]) != 0][: len(rows)]
    centres = rows[first][np.cumsum(first) - 1]
    pairs = np.column_stack([centres, rows])[~first]
    flat = {int(row) for row in rows[first] if dataset.pixels[row].min() == dataset.pixels[row].max()}
    return pairs[[centre not in flat for centre in pairs[:, 0].tolist()]]
