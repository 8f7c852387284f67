"""Predicting nothing, from counts alone, is what evaluating an empty prediction gives."""

import numpy as np
import pytest

from mri_core.evaluation.averages import overall
from mri_core.evaluation.baseline import predict_nothing


def test_accuracies_are_those_of_an_empty_prediction() -> None:
    truth = (np.random.default_rng(0).random((50, 3)) < 0.3).astype(int)
    split = {"slices": 50, "no_finding": int((~truth.any(axis=1)).sum()), "density": float(truth.mean())}
    evaluated = overall(truth, np.zeros_like(truth))
    assert predict_nothing(split) == pytest.approx(
        {"binary_accuracy": evaluated.binary_accuracy, "subset_accuracy": evaluated.subset_accuracy}
    )


def test_a_split_without_slices_has_no_baseline() -> None:
    assert predict_nothing({"slices": 0, "no_finding": 0, "density": None}) == {}
