"""Slices as PNGs: every pixel is where it was, and none is smoothed."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from mri_core.images.picture import contact_grid, enlarge, picture

RANDOM = np.random.default_rng(0)


def opened(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB") if image.mode == "P" else image)


@pytest.mark.parametrize("shape", [(64, 64), (5, 9), (4, 4, 3), (300, 300)])
@pytest.mark.parametrize("edge", [1, 40, 128])
def test_enlarging_repeats_pixels(shape, edge):
    pixels = RANDOM.integers(0, 256, shape).astype(np.uint8)
    large = enlarge(pixels, edge)
    times = large.shape[0] // shape[0]
    assert large.shape[:2] == (shape[0] * times, shape[1] * times) and max(large.shape) >= edge
    for row in range(times):
        for column in range(times):
            assert np.array_equal(large[row::times, column::times], pixels)


def test_a_picture_keeps_every_intensity():
    pixels = RANDOM.integers(0, 256, (64, 64)).astype(np.uint8)
    seen = opened(picture(pixels, 160))
    assert seen.shape == (320, 320)
    assert np.array_equal(seen[2::5, 2::5], pixels)


def test_a_slice_that_is_no_square_stands_in_the_middle_of_black():
    seen = opened(picture(np.full((10, 20), 200, np.uint8), 10))
    assert seen.shape == (20, 20)
    assert np.array_equal(np.unique(seen[5:15]), [200]) and not seen[:5].any() and not seen[15:].any()


def test_a_large_slice_is_averaged_down():
    pixels = np.zeros((400, 400), np.uint8)
    pixels[::2] = 100
    seen = opened(picture(pixels, 100))
    assert seen.shape == (200, 200) and np.array_equal(np.unique(seen), [50])


@pytest.mark.parametrize("levels", [1, 200, 254, 256])  # with and without room for the colours in a palette
@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 3)])
def test_colours_stand_under_the_slice(shape, levels):
    pixels = (RANDOM.permutation(np.prod(shape)) % levels).astype(np.uint8).reshape(shape)
    seen = opened(picture(pixels, 160, ["#0072B2", None, "#D55E00"]))
    assert seen.shape == (336, 320, 3)
    assert [tuple(map(int, seen[-1, column])) for column in (0, 160, 319)] == [(0, 114, 178), (0, 0, 0), (213, 94, 0)]
    grey = pixels if len(shape) == 3 else np.repeat(pixels[..., None], 3, axis=2)
    assert np.array_equal(seen[2:320:5, 2::5], grey)


def test_a_contact_grid_holds_every_slice_and_is_filled_up_with_black():
    slices = RANDOM.integers(1, 256, (5, 8, 8)).astype(np.uint8)
    seen = opened(contact_grid(slices, columns=3, edge=16))
    assert seen.shape == (32, 48)
    for number, pixels in enumerate(slices):
        top, left = number // 3 * 16, number % 3 * 16
        assert np.array_equal(seen[top : top + 16 : 2, left : left + 16 : 2], pixels)
    assert not seen[16:, 32:].any()
