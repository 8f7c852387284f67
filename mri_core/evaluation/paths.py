"""Where a score stands in the document of an evaluation: ("labels", "label 1", "f1"), ("subset_accuracy",), ..."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Path = tuple[str, ...]
Scores = dict[Path, np.ndarray]
"""Path -> one value a resample, (resamples,), NaN where the score is undefined."""


def nested(flat: Mapping[Path, Any]) -> dict[str, Any]:
    """The same values as a document, with None for NaN."""
    document: dict[str, Any] = {}
    for path, value in flat.items():
        part = document
        for key in path[:-1]:
            part = part.setdefault(key, {})
        part[path[-1]] = None if isinstance(value, float) and np.isnan(value) else value
    return document
