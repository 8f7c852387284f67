"""Clusters: patients where all are known, else slices."""

from __future__ import annotations

import numpy as np
import pytest

from mri_core.errors import InvalidInput
from mri_core.evaluation.clusters import find_clusters


@pytest.mark.parametrize(
    ("patients", "unit", "of_slice"),
    [
        (["b", "a", "b"], "patient", [0, 1, 0]),
        (np.array([7, 7, 7]), "patient", [0, 0, 0]),
        (None, "slice", [0, 1, 2]),
        (["a", None, "a"], "slice", [0, 1, 2]),
        ([1.0, np.nan, 1.0], "slice", [0, 1, 2]),
    ],
)
def test_a_patient_is_a_cluster_unless_one_is_missing(patients, unit, of_slice):
    clusters = find_clusters(patients, 3)
    assert (clusters.unit, clusters.of_slice.tolist()) == (unit, of_slice)
    assert clusters.number == max(of_slice) + 1
    assert clusters.slices == 3


def test_every_slice_needs_a_patient():
    with pytest.raises(InvalidInput, match="2 patients for 3 slices"):
        find_clusters(["a", "b"], 3)


def test_sums_go_by_cluster_and_a_cluster_without_slices_is_left_out():
    clusters = find_clusters(["b", "a", "b", "c"], 4)
    assert clusters.sums(np.array([[1, 0], [2, 1], [4, 0], [8, 1]])).tolist() == [[5, 0], [2, 1], [8, 1]]
    rest = clusters.of(np.array([True, False, False, True]))
    assert (rest.unit, rest.number, rest.of_slice.tolist()) == ("patient", 2, [0, 1])
