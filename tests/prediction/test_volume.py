"""What a volume's slices say together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mri_core.evaluation.patients import by_patient
from mri_core.prediction.predictor import Prediction
from mri_core.prediction.volume import answer_volume, places_in_mm, same_slices, top_slices

LABELS = ("a", "b")
PIXELS = np.zeros((2, 2), np.uint8)


def volume(probabilities: np.ndarray, positions: Sequence[float | None] | None = None) -> list[Prediction]:
    """probabilities: (slices, labels)."""
    places = positions if positions is not None else [None] * len(probabilities)
    return [
        Prediction("x", place, PIXELS, dict(zip(LABELS, row.tolist(), strict=True)), {"a": 0.5, "b": 0.4}, (), ())
        for row, place in zip(probabilities, places, strict=True)
    ]


@pytest.mark.parametrize("slices", [1, 2, 3, 40])
def test_a_patient_is_scored_as_in_reports(slices: int) -> None:
    probabilities = np.random.default_rng(slices).random((slices, 2))
    answer = answer_volume(volume(probabilities))
    [expected] = by_patient(np.zeros((slices, 2)), probabilities, ["p"] * slices).probabilities
    assert list(answer.probabilities.values()) == pytest.approx(expected)
    assert answer.labels == tuple(np.array(LABELS)[expected >= [0.5, 0.4]])
    assert (answer.slices, answer.top) == (slices, min(slices, 3))
    assert list(answer.peaks.values()) == probabilities.argmax(axis=0).tolist()
    assert list(answer.highest.values()) == probabilities.max(axis=0).tolist()
    assert list(answer.reached.values()) == (probabilities >= [0.5, 0.4]).sum(axis=0).tolist()


def test_one_high_slice_of_many_is_no_finding() -> None:
    probabilities = np.full((60, 2), 0.05)
    probabilities[7, 0] = 0.9
    answer = answer_volume(volume(probabilities))
    assert answer.labels == () and answer.reached == {"a": 1, "b": 0} and answer.peaks["a"] == 7


def test_the_most_probable_slices_come_first_and_earlier_ones_at_ties() -> None:
    probabilities = np.array([[0.1, 0], [0.9, 0], [0.3, 0], [0.9, 0]])
    assert top_slices(volume(probabilities), "a", 3) == [1, 3, 2]
    assert top_slices(volume(probabilities), "b", 9) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("positions", "in_mm"),
    [
        ([-72.0, -71.0, -70.0], True),  # of a template with voxels of 1 mm
        ([30.0, 26.5, 23.0], True),
        ([1.0, 2.0, 3.0], False),  # pages
        ([0.0, 1.0, 2.0], False),
        ([0.5, 1.5, 2.5], True),
        ([4.0, 4.0, 8.0], False),
        ([4.0, 8.0, 6.0], False),
        ([None, 1.5, 3.0], False),
        ([7.5], False),
    ],
)
def test_places_are_millimetres_where_they_can_be(positions: list[float | None], in_mm: bool) -> None:
    found = places_in_mm(volume(np.zeros((len(positions), 2)), positions))
    assert found == (positions if in_mm else None)


def test_slices_along_another_axis_are_others() -> None:
    one = volume(np.zeros((3, 2)), [0.0, 1.0, 2.0])
    assert same_slices(one, volume(np.ones((3, 2)), [0.0, 1.0, 2.0]), ("axial", "axial"))
    assert not same_slices(one, one, ("axial", "coronal"))
    assert not same_slices(one, one[:2], ("axial", "axial"))
    assert same_slices(one[:1], one[:1], ("axial", "coronal"))  # a picture is cut along no axis
