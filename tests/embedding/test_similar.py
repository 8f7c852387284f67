"""Similar slices and isolation: against all distances, sorted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mri_core.datasets.dataset import Dataset
from mri_core.embedding.isolation import NEIGHBOUR, isolation
from mri_core.embedding.similar import nearest, similar_slices

Patients = Callable[[list[str | None]], Dataset]


def sorted_by_distance(vectors: np.ndarray, row: int) -> list[int]:
    return np.argsort(np.linalg.norm(vectors - vectors[row], axis=1), kind="stable").tolist()


@pytest.mark.parametrize("row", [0, 77, 159])
def test_they_are_the_nearest_of_all(small: Dataset, vectors: np.ndarray, row: int) -> None:
    expected = [other for other in sorted_by_distance(vectors, row) if other != row]
    rows, distances = nearest(vectors, row, 12, np.ones(160, dtype=bool))
    assert rows.tolist() == expected[:12]
    assert distances == pytest.approx(np.linalg.norm(vectors[rows] - vectors[row], axis=1))
    found = similar_slices(small, vectors, row, 12, other_patients=False)
    assert [one.record.row for one in found] == expected[:12]
    assert [one.distance for one in found] == pytest.approx(distances.tolist())


def test_slices_of_the_same_patient_are_left_out(small: Dataset, vectors: np.ndarray) -> None:
    patients = small.index["patient"].to_numpy()
    found = similar_slices(small, vectors, 30, 500)
    assert len(found) == 140 and patients[30] not in {one.record.patient for one in found}
    expected = [other for other in sorted_by_distance(vectors, 30) if patients[other] != patients[30]]
    assert [one.record.row for one in found] == expected
    [one] = similar_slices(small, vectors, 30, 1)
    facts = small.index.iloc[expected[0]]
    labels = [name for name in small.label_names if facts[name]]
    assert one.to_json() == {
        "id": facts["id"], "patient": facts["patient"], "split": facts["split"], "position": facts["position"],
        "labels": labels, "distance": pytest.approx(one.distance),
    }  # fmt: skip


def test_of_unknown_patients_nothing_is_left_out(with_patients: Patients, vectors: np.ndarray) -> None:
    assert len(similar_slices(with_patients([None] * 160), vectors, 30, 500)) == 159


def test_equal_slices_come_in_their_order() -> None:
    vectors = np.zeros((6, 3), dtype=np.float32)
    rows, distances = nearest(vectors, 3, 10, np.ones(6, dtype=bool))
    assert rows.tolist() == [0, 1, 2, 4, 5] and not distances.any()
    assert not len(nearest(vectors, 3, 10, np.arange(6) == 3)[0])


def test_isolation_is_the_distance_to_the_tenth_nearest_of_another_patient(
    small: Dataset, with_patients: Patients, vectors: np.ndarray
) -> None:
    patients = small.index["patient"].to_numpy()
    rows = np.array([3, 150, 40])
    found = isolation(small, vectors, rows, vectors[rows])
    for row, value in zip(rows, found, strict=True):
        others = np.linalg.norm(vectors[patients != patients[row]] - vectors[row], axis=1)
        assert value == pytest.approx(np.sort(others)[NEIGHBOUR - 1], rel=1e-3)
    small = with_patients([None] * 160)
    alone = np.sort(np.linalg.norm(np.delete(vectors, 3, axis=0) - vectors[3], axis=1))
    assert isolation(small, vectors, rows, vectors[rows])[0] == pytest.approx(alone[NEIGHBOUR - 1], rel=1e-3)


def test_a_single_patient_has_no_others(with_patients: Patients, vectors: np.ndarray) -> None:
    small = with_patients(["one"] * 160)
    assert np.isnan(isolation(small, vectors, np.arange(160), vectors)).all()
