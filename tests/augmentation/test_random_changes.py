import numpy as np
import pytest

from mri_core.augmentation import RANDOM_CHANGES
from mri_core.training.spec import TrainingSpec

AMOUNTS = {"shift": 3, "intensity": 0.2}
SHAPES = [(6, 12, 10), (6, 12, 10, 1), (6, 12, 10, 3)]


def make(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", RANDOM_CHANGES)
def test_every_change_keeps_shape_and_type_and_repeats(name: str, shape: tuple[int, ...]) -> None:
    slices = make(shape)
    kept = slices.copy()
    first, second = (RANDOM_CHANGES[name](slices, AMOUNTS[name], np.random.default_rng(1)) for _ in range(2))
    assert first.shape == shape and first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(slices, kept)
    assert (first != slices).any()


@pytest.mark.parametrize("name", RANDOM_CHANGES)
def test_every_change_is_a_setting_that_is_off_by_default(name: str) -> None:
    assert TrainingSpec.model_fields[name].default == 0
    slices = make((4, 8, 8))
    np.testing.assert_array_equal(RANDOM_CHANGES[name](slices, 0, np.random.default_rng(1)), slices)


def test_shift_moves_each_slice_by_whole_pixels_and_fills_with_black() -> None:
    slices = make((40, 12, 10)) // 2 + 100
    moved = RANDOM_CHANGES["shift"](slices, 2, np.random.default_rng(2))
    offsets = set()
    for before, after in zip(slices, moved, strict=True):
        padded = np.pad(before, 2)
        fits = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if (padded[2 - down : 14 - down, 2 - right : 12 - right] == after).all()
        ]
        assert len(fits) == 1
        offsets |= set(fits)
    assert len(offsets) > 15


def test_intensity_keeps_black_and_the_order_of_intensities() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (20, 1, 1))
    changed = RANDOM_CHANGES["intensity"](ramp, 0.3, np.random.default_rng(3))
    assert (changed[:, 0, 0] == 0).all()
    assert (np.diff(changed[:, 0, 1:].astype(int)) >= 0).all()
    assert len(np.unique(changed[:, 0, 128])) > 10
