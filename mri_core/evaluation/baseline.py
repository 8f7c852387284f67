"""What a classifier that always answers *no finding* would reach, from the counts of a split alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def predict_nothing(split: Mapping[str, Any]) -> dict[str, float]:
    """Its accuracies: "binary_accuracy" and "subset_accuracy", each in [0, 1]; empty for a split without slices.

    split: the counts of one split as `label_statistics` gives them (slices, no_finding, density).
    """
    if not split["slices"]:
        return {}
    return {
        "binary_accuracy": 1 - split["density"],
        "subset_accuracy": split["no_finding"] / split["slices"],
    }
