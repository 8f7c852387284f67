from __future__ import annotations

import numpy as np
import pytest

from mri_core.errors import InvalidInput
from mri_core.images.prepare import prepare, to_uint8, with_channels
from mri_core.images.slice import Slice

RANDOM = np.random.default_rng(11)
GREY = RANDOM.integers(0, 256, (64, 64), dtype=np.uint8)
COLOUR = RANDOM.integers(0, 256, (64, 64, 3), dtype=np.uint8)


@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_a_slice_of_the_right_shape_keeps_every_pixel(pixels):
    assert np.array_equal(prepare(pixels, pixels.shape), pixels)
    assert np.array_equal(prepare(Slice(pixels, "a.png"), pixels.shape), pixels)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (3, 5), (64, 64), (17, 200), (1000, 2)])
@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 3), (1, 1), (5, 12, 3), (40, 7)])
@pytest.mark.parametrize("colour", [False, True])
def test_any_size_becomes_the_shape_asked_for(size, shape, colour):
    pixels = np.full((*size, 3) if colour else size, 200, np.uint8)
    found = prepare(pixels, shape)
    assert found.shape == shape
    assert found.dtype == np.uint8
    assert set(np.unique(found)) <= {0, 200}
    assert found.max() == 200


def test_preparing_twice_changes_nothing():
    once = prepare(RANDOM.integers(0, 256, (37, 91), dtype=np.uint8), (64, 64, 3))
    assert np.array_equal(prepare(once, (64, 64, 3)), once)


def test_where_sizes_divide_a_pixel_is_the_mean_of_what_it_covers():
    found = prepare(GREY, (16, 16))
    means = GREY.reshape(16, 4, 16, 4).mean(axis=(1, 3))
    assert np.abs(found - means).max() <= 1


def test_scaling_leaves_the_range_alone_at_a_sharp_edge():
    edge = np.full((200, 200), 60, np.uint8)
    edge[:, 77:] = 180
    found = prepare(edge, (64, 64))
    assert (found.min(), found.max()) == (60, 180)


def test_a_pattern_finer_than_the_new_size_averages_out():
    stripes = np.zeros((256, 256), np.uint8)
    stripes[::2] = 200
    assert np.abs(prepare(stripes, (64, 64)).astype(int) - 100).max() <= 1


@pytest.mark.parametrize(("size", "rows", "columns"), [((32, 64), 16, 0), ((64, 32), 0, 16), ((128, 64), 0, 16)])
def test_aspect_is_kept_with_black_on_both_sides(size, rows, columns):
    found = prepare(np.full(size, 90, np.uint8), (64, 64))
    inside = found[rows : 64 - rows, columns : 64 - columns]
    assert (inside == 90).all()
    assert found.sum() == inside.sum(dtype=int)


def test_padding_alone_moves_no_intensity():
    wide = GREY[:40]
    assert np.array_equal(prepare(wide, (64, 64))[12:52], wide)


def test_grey_and_colour():
    repeated = prepare(GREY, (64, 64, 3))
    assert np.array_equal(repeated, np.repeat(GREY[..., np.newaxis], 3, axis=2))
    assert np.array_equal(prepare(repeated, (64, 64)), GREY)
    luminance = COLOUR @ np.array([0.299, 0.587, 0.114])
    assert np.abs(prepare(COLOUR, (64, 64)) - luminance).max() <= 0.51


@pytest.mark.parametrize("size", [(30, 50), (200, 120)])
def test_repeating_and_scaling_may_change_places(size):
    grey = RANDOM.integers(0, 256, size, dtype=np.uint8)
    repeated = np.repeat(grey[..., np.newaxis], 3, axis=2)
    assert np.array_equal(prepare(grey, (64, 64, 3)), prepare(repeated, (64, 64, 3)))


@pytest.mark.parametrize(
    ("pixels", "shape"),
    [
        (GREY.astype(float), (64, 64)),
        (GREY[0], (64, 64)),
        (GREY[:0], (64, 64)),
        (np.zeros((4, 4, 4), np.uint8), (64, 64)),
        (GREY, (64,)),
        (GREY, (64, 64, 1)),
        (GREY, (0, 64)),
    ],
)
def test_other_pixels_or_shapes_are_refused_in_words(pixels, shape):
    with pytest.raises(InvalidInput, match="expected"):
        prepare(pixels, shape)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint16, np.int32, np.float32, np.float64, ">i2"])
def test_window_against_interpolation(dtype):
    values = RANDOM.integers(-100, 100, (7, 30, 30)).astype(np.int8).astype(dtype)
    low, high = np.percentile(values.astype(float), [0.5, 99.5])
    expected = np.interp(values.astype(float), [low, high], [0, 255])
    found = to_uint8(values)
    assert found.dtype == np.uint8
    assert np.abs(found - expected).max() <= 0.501


def test_window_does_not_depend_on_scale_and_offset():
    values = RANDOM.normal(size=(50, 50))
    assert np.abs(to_uint8(values).astype(int) - to_uint8(values * 1e6 - 3e7)).max() <= 1


@pytest.mark.parametrize("constant", [0, 7, -3.5, 1e30])
def test_a_constant_image_is_black(constant):
    assert not to_uint8(np.full((4, 5), constant)).any()


def test_a_few_bright_voxels_on_an_even_background_stay_visible():
    values = np.zeros(10_000)
    values[:3] = 5, 10, 10
    assert to_uint8(values)[:4].tolist() == [128, 255, 255, 0]


def test_what_is_not_a_number_is_black_and_infinity_is_cut_off():
    values = np.linspace(0, 1, 1000)
    values[[3, 500, 700]] = np.nan, np.inf, -np.inf
    found = to_uint8(values)
    assert found[[3, 500, 700]].tolist() == [0, 255, 0]
    assert found[[10, 990]].tolist() == [1, 254]
    assert not to_uint8(np.full((3, 3), np.nan)).any()


def test_to_uint8_leaves_its_input_alone():
    values = np.array([[0.0, np.nan], [2.0, np.inf]])
    before = values.copy()
    to_uint8(values)
    assert np.array_equal(values, before, equal_nan=True)


def test_grey_slices_get_a_channel_axis_and_colour_ones_keep_theirs():
    assert with_channels(np.zeros((5, 4, 3), np.uint8)).shape == (5, 4, 3, 1)
    assert with_channels(np.zeros((5, 4, 3, 3), np.uint8)).shape == (5, 4, 3, 3)
