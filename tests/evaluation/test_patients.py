"""From slices to patients, against a group-by of pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mri_core.errors import InvalidInput
from mri_core.evaluation.patients import by_patient


def test_by_hand():
    truth = [[0, 1], [0, 0], [1, 0], [0, 0]]
    probabilities = [[0.1, 0.9], [0.8, 0.2], [0.4, 0.3], [0.6, 0.1]]
    patients = ["y", "x", "y", "y"]
    any_slice = by_patient(truth, probabilities, patients, top=1)
    assert any_slice.names.tolist() == ["y", "x"]
    assert any_slice.truth.tolist() == [[1, 1], [0, 0]]
    assert any_slice.probabilities.tolist() == [[0.6, 0.9], [0.8, 0.2]]
    top_two = by_patient(truth, probabilities, patients, top=2)
    assert top_two.probabilities == pytest.approx(np.array([[0.5, 0.6], [0.8, 0.2]]))


@pytest.mark.parametrize("top", [1, 2, 3, 100])
def test_as_grouped_by_pandas(top, simulate):
    truth, (probabilities,), patients = simulate(np.random.default_rng(2), 30)
    order = np.random.default_rng(3).permutation(len(truth))
    result = by_patient(truth[order], probabilities[order], patients[order], top)
    for label in range(truth.shape[1]):
        grouped = pd.Series(probabilities[:, label]).groupby(patients)
        expected = grouped.apply(lambda values: values.nlargest(top).mean())
        assert result.probabilities[:, label] == pytest.approx(expected.loc[result.names].to_numpy())
        carried = pd.Series(truth[:, label]).groupby(patients).max().loc[result.names]
        assert result.truth[:, label].tolist() == carried.tolist()


def test_a_missing_patient_and_a_senseless_rule_are_refused():
    with pytest.raises(InvalidInput, match="patient of some slices is unknown"):
        by_patient([[1], [0]], [[0.5], [0.5]], ["a", None])
    with pytest.raises(InvalidInput, match="top 0 slices"):
        by_patient([[1]], [[0.5]], ["a"], top=0)
