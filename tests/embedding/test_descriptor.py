"""Descriptors: against means and gradients taken pixel by pixel, and what they shall not depend on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mri_core.embedding.descriptor import CELLS, DIRECTIONS, EDGE, FEATURES, SMALL, descriptors, resized


def random_slices(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 120, shape).astype(np.uint8)


def test_pixels_are_means_of_what_they_cover() -> None:
    slices = random_slices(3, 32, 48).astype(np.float32)
    expected = slices.reshape(3, 8, 4, 8, 6).mean(axis=(2, 4))
    assert resized(slices, 8) == pytest.approx(expected, rel=1e-5)
    # Three pixels in two parts: each part takes half of the middle one.
    line = np.array([[[0, 30, 90]] * 3], dtype=np.float32)
    assert resized(line, 2)[0, 0] == pytest.approx([10, 70])


def test_edges_are_gradients_summed_by_cell_and_direction() -> None:
    [image] = random_slices(1, EDGE, EDGE)
    values = image.astype(float)
    cell = EDGE // CELLS
    expected = np.zeros((DIRECTIONS, CELLS, CELLS))
    for y in range(EDGE):
        for x in range(EDGE):
            down = values[y + 1, x] - values[y - 1, x] if 0 < y < EDGE - 1 else 0.0
            along = values[y, x + 1] - values[y, x - 1] if 0 < x < EDGE - 1 else 0.0
            for way in range(DIRECTIONS):
                angle = 2 * math.pi * way / DIRECTIONS
                towards = along * math.cos(angle) + down * math.sin(angle)
                expected[way, y // cell, x // cell] += max(0.0, towards)
    root = np.sqrt(expected.ravel())
    found = descriptors(image[np.newaxis])[0, SMALL**2 :]
    assert found == pytest.approx(root / np.linalg.norm(root), abs=1e-5)


def test_both_halves_weigh_the_same() -> None:
    found = descriptors(random_slices(4, 20, 20))
    assert found.shape == (4, FEATURES) and found.dtype == np.float32
    assert np.linalg.norm(found[:, : SMALL**2], axis=1) == pytest.approx(np.ones(4), rel=1e-5)
    assert np.linalg.norm(found[:, SMALL**2 :], axis=1) == pytest.approx(np.ones(4), rel=1e-5)


def test_brightness_and_contrast_do_not_matter_but_direction_does() -> None:
    slices = random_slices(5, 64, 64)
    assert descriptors(2 * slices + 7) == pytest.approx(descriptors(slices), abs=1e-4)
    assert np.abs(descriptors(np.ascontiguousarray(slices[:, ::-1])) - descriptors(slices)).max() > 0.05
    assert np.abs(descriptors(255 - slices) - descriptors(slices)).max() > 0.05


def test_a_slice_of_one_intensity_has_no_features() -> None:
    slices = random_slices(2, 30, 30)
    slices[1] = 173
    found = descriptors(slices)
    assert found[0].any() and not found[1].any()


@pytest.mark.parametrize("shape", [(8, 8), (28, 28), (61, 97), (1, 40)])
def test_slices_of_any_size_grey_or_colour(shape: tuple[int, int]) -> None:
    grey = random_slices(2, *shape)
    colour = np.repeat(grey[..., np.newaxis], 3, axis=-1)
    found = descriptors(grey)
    assert found.shape == (2, FEATURES) and np.isfinite(found).all()
    assert descriptors(colour) == pytest.approx(found, abs=1e-5)
