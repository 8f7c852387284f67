"""Nested labels: found where they are, measured by counting, repaired without touching what is consistent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mri_core.errors import InvalidInput, NotFound
from mri_core.evaluation.hierarchy import (
    REPAIRS,
    Inconsistency,
    find_hierarchy,
    inconsistencies,
    inconsistent_slices,
    repair,
)
from mri_core.evaluation.proportion import wilson

NAMES = ("whole", "core", "enhancing", "motion")
PROBABILITIES = arrays(np.float64, st.tuples(st.integers(1, 8), st.just(4)), elements=st.floats(0, 1))


def tumours(slices: int = 1000) -> np.ndarray:
    """whole ⊃ core ⊃ enhancing, and motion that has nothing to do with them."""
    rng = np.random.default_rng(0)
    size = rng.random(slices)
    return np.stack([size < 0.5, size < 0.3, size < 0.2, rng.random(slices) < 0.3], axis=1).astype(np.uint8)


HIERARCHY = find_hierarchy(tumours(), NAMES)


def test_nesting_is_found():
    assert HIERARCHY.parents == {"core": "whole", "enhancing": "core"}
    assert HIERARCHY.tree() == [("whole", 0), ("core", 1), ("enhancing", 2), ("motion", 0)]
    truth = tumours()
    assert HIERARCHY.support.tolist() == truth.sum(axis=0).tolist()
    assert HIERARCHY.share[1, 0] == HIERARCHY.share[2, 0] == HIERARCHY.share[2, 1] == 1
    assert HIERARCHY.share[0, 1] == pytest.approx(truth[truth[:, 0] == 1, 1].mean())


def test_relabelling_finds_the_same():
    order = [3, 2, 0, 1]
    found = find_hierarchy(tumours()[:, order], [NAMES[label] for label in order])
    assert found.parents == HIERARCHY.parents
    assert found.tree() == [("motion", 0), ("whole", 0), ("core", 1), ("enhancing", 2)]


@pytest.mark.parametrize(("outside", "nested"), [(2, True), (3, False)])
def test_the_share_that_makes_a_parent(outside, nested):
    truth = np.zeros((300, 2), dtype=np.uint8)
    truth[:200, 0] = 1
    truth[100 + outside : 200 + outside, 1] = 1  # 100 slices with the child, 2 or 3 of them without the parent
    assert find_hierarchy(truth, ("parent", "child")).parents == ({"child": "parent"} if nested else {})


@pytest.mark.parametrize(("support", "nested"), [(30, True), (29, False)])
def test_the_support_that_makes_a_child(support, nested):
    truth = np.zeros((100, 2), dtype=np.uint8)
    truth[:50, 0] = truth[:support, 1] = 1
    assert bool(find_hierarchy(truth, ("parent", "child")).parents) == nested


def test_two_children_of_one_parent_and_labels_that_are_the_same():
    truth = np.zeros((300, 4), dtype=np.uint8)
    truth[:200, 0] = truth[:50, 1] = truth[100:150, 2] = truth[100:150, 3] = 1
    found = find_hierarchy(truth, ("top", "left", "right", "twin"))
    assert found.parents == {"left": "top", "right": "top", "twin": "right"}
    assert found.tree() == [("top", 0), ("left", 1), ("right", 1), ("twin", 2)]


@pytest.mark.parametrize(
    "truth",
    [np.zeros((2, 4)), np.ones((2, 4)), np.zeros((1000, 4))],
    ids=["two slices", "two slices with all", "no positives"],
)
def test_without_support_nothing_is_nested(truth):
    found = find_hierarchy(truth, NAMES)
    assert found.parents == {}
    assert found.tree() == [(name, 0) for name in NAMES]
    assert inconsistencies(truth, found) == ()
    assert not inconsistent_slices(truth, found).any()


def test_what_does_not_fit_is_refused():
    with pytest.raises(InvalidInput, match="truth is 2 × 3 for 4 labels"):
        find_hierarchy(np.zeros((2, 3)), NAMES)
    with pytest.raises(InvalidInput, match="truth is 0 × 4"):
        find_hierarchy(np.zeros((0, 4)), NAMES)
    with pytest.raises(NotFound, match="no repair 'guess'; there are raise parents, lower children"):
        repair(np.zeros((1, 4)), HIERARCHY, "guess")


def test_inconsistencies_by_hand():
    predicted = np.array([[1, 1, 1, 0], [0, 1, 0, 0], [0, 1, 1, 1], [0, 0, 1, 0], [0, 0, 0, 1]])
    low, high = map(float, wilson(2, 3))
    core = Inconsistency("core", "whole", 3, 2, 2 / 3, low, high)
    low, high = map(float, wilson(1, 3))
    assert inconsistencies(predicted, HIERARCHY) == (
        core,
        Inconsistency("enhancing", "core", 3, 1, 1 / 3, low, high),
    )
    assert inconsistent_slices(predicted, HIERARCHY).tolist() == [False, True, True, True, False]
    nothing = Inconsistency("core", "whole", 0, 0, None, None, None)
    assert inconsistencies(np.zeros((3, 4)), HIERARCHY)[0] == nothing


def test_repairs_by_hand():
    probabilities = np.array([[0.1, 0.4, 0.7, 0.2], [0.5, 0.3, 0.9, 1.0], [0.9, 0.5, 0.1, 0.0]])
    raised = repair(probabilities, HIERARCHY, "raise parents")
    assert raised.tolist() == [[0.7, 0.7, 0.7, 0.2], [0.9, 0.9, 0.9, 1.0], [0.9, 0.5, 0.1, 0.0]]
    lowered = repair(probabilities, HIERARCHY, "lower children")
    assert lowered.tolist() == [[0.1, 0.1, 0.1, 0.2], [0.5, 0.3, 0.3, 1.0], [0.9, 0.5, 0.1, 0.0]]


@pytest.mark.parametrize("how", REPAIRS)
@settings(deadline=None)
@given(PROBABILITIES, st.floats(0, 1))
def test_a_repair_is_consistent_idle_where_it_was_and_done_once(how, probabilities, threshold):
    given_ = probabilities.copy()
    repaired = repair(probabilities, HIERARCHY, how)
    assert not inconsistent_slices(repaired >= threshold, HIERARCHY).any()
    assert (probabilities == given_).all()
    consistent = (given_[:, 0] >= given_[:, 1]) & (given_[:, 1] >= given_[:, 2])
    assert (repaired[consistent] == given_[consistent]).all()
    assert (repaired[:, 3] == given_[:, 3]).all()
    assert (repair(repaired, HIERARCHY, how) == repaired).all()
