"""What a check found: in words, as slices, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from mri_core import words
from mri_core.datasets.dataset import SPLITS, Dataset

Severity = Literal["serious", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""Scores are wrong because of it; scores may suffer from it; worth knowing. The worst first."""

_CHUNK_BYTES = 16_000_000


def counted(number: int, of: str) -> str:
    """`1 pair`, `1,200 pairs`. of: the plural."""
    return f"{words.count(number)} {of.removesuffix('s') if number == 1 else of}"


def _none() -> np.ndarray:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Finding:
    """One thing that is wrong, or worth knowing.

    name: what commands and addresses call it, unique over all checks. count: how many, `of` what ("slices", "pairs",
    "patients", "labels"). summary: what it is. meaning: what it does to the scores. advice: what to do.
    rows: (n,) positions in the index of the slices concerned, the worst first. pairs: (n, 2) such positions where it
    is about pairs. notes: why, one a row, or one a pair where there are pairs; none where the summary says it all.
    excluded: (m,) ascending, the slices that a new version without this finding lacks; empty where leaving slices out
    is no remedy. table: the numbers behind it, one record a line.
    """

    name: str
    title: str
    severity: Severity
    count: int
    of: str
    summary: str
    meaning: str
    advice: str
    rows: np.ndarray = field(default_factory=_none)
    pairs: np.ndarray = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    notes: tuple[str, ...] = ()
    excluded: np.ndarray = field(default_factory=_none)
    table: tuple[Mapping[str, Any], ...] = ()

    @property
    def shown(self) -> int:
        """Examples that a gallery can show: pairs where there are some, else slices."""
        return len(self.pairs) or len(self.rows)


def split_codes(dataset: Dataset) -> np.ndarray:
    """(slices,) the position in SPLITS of every slice's split, -1 without one."""
    return pd.Categorical(dataset.columns("split")["split"], categories=SPLITS).codes.astype(np.int8)


def labels_of(dataset: Dataset) -> np.ndarray:
    """(slices, labels) float32 of 1, 0 and NaN where a label is missing."""
    return dataset.columns(*dataset.label_names).to_numpy(dtype=np.float32, na_value=np.nan)


def grey_chunks(dataset: Dataset) -> Iterator[np.ndarray]:
    """All slices in order, some at a time, each (n, H, W) float32 in 0-255; channels of colour are averaged."""
    pixels = dataset.pixels
    step = max(1, _CHUNK_BYTES // (4 * int(np.prod(dataset.image_shape))))
    for start in range(0, len(pixels), step):
        yield grey(pixels[start : start + step])


def grey(pixels: np.ndarray) -> np.ndarray:
    """(n, H, W) float32 of uint8 slices, grey or colour."""
    return pixels.astype(np.float32) if pixels.ndim == 3 else pixels.mean(axis=-1, dtype=np.float32)
