"""Every augmentation: being listed is being tested."""

from __future__ import annotations

import numpy as np
import pytest

from mri_core.augmentation import AUGMENTATIONS

SHAPES = [(4, 6, 8), (4, 6, 8, 3), (1, 1, 1)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_keeps_shape_type_and_input(name, shape):
    slices = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    before = slices.copy()
    changed = AUGMENTATIONS[name](slices)
    assert changed.shape == shape and changed.dtype == np.uint8
    np.testing.assert_array_equal(slices, before)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_treats_each_slice_by_itself(name):
    slices = np.random.default_rng(0).integers(0, 256, (5, 6, 8), dtype=np.uint8)
    alone = np.concatenate([AUGMENTATIONS[name](one[None]) for one in slices])
    np.testing.assert_array_equal(AUGMENTATIONS[name](slices), alone)


@pytest.mark.parametrize(("name", "expected"), [("horizontal", [[2, 1], [4, 3]]), ("vertical", [[3, 4], [1, 2]])])
def test_flips_by_hand(name, expected):
    np.testing.assert_array_equal(AUGMENTATIONS[name](np.array([[[1, 2], [3, 4]]], np.uint8))[0], expected)


@pytest.mark.parametrize("name", ["horizontal", "vertical"])
def test_flipping_twice_changes_nothing(name):
    slices = np.random.default_rng(0).integers(0, 256, (5, 6, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(AUGMENTATIONS[name](AUGMENTATIONS[name](slices)), slices)
