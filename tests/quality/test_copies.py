"""Which copy stays, which go, and when labels conflict; and hashes that copies share."""

from __future__ import annotations

import numpy as np
import pytest

from mri_core.quality.copies import CONFLICT, conflicting, surplus
from mri_core.quality.exact import exact_duplicates
from mri_core.quality.near import near_duplicates
from mri_core.quality.perceptual import FLIPS, aligned, hashes, reduced

TRAIN, VALIDATION, TEST = 0, 1, 2


def noise(count: int, edge: int = 32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(20, 200, (count, edge, edge)).astype(np.uint8)


def test_the_copy_that_is_judged_last_stays() -> None:
    pairs = np.array([[0, 1], [0, 2], [3, 4]])
    splits = np.array([TRAIN, TEST, VALIDATION, VALIDATION, TRAIN])
    # 1 (test) stays, so 0 goes; nothing then speaks against 2.
    assert surplus(pairs, np.zeros(3, bool), splits).tolist() == [0, 4]
    assert surplus(pairs, np.array([False, False, True]), splits).tolist() == [0, 3, 4]


def test_a_missing_label_conflicts_with_none() -> None:
    labels = np.array([[1, 0], [1, 1], [np.nan, 0]])
    assert conflicting(labels, np.array([[0, 1], [0, 2], [1, 2]])).tolist() == [True, False, True]


def test_exact_duplicates_with_conflicts_all_go(made) -> None:
    pixels = noise(8)
    pixels[5], pixels[6], pixels[7] = pixels[0], pixels[1], pixels[1]
    splits = ["train"] * 5 + ["test", "train", "train"]
    dataset = made(pixels, {"a": [1, 0, 0, 0, 0, 0, 0, 0]}, split=splits)
    across, within = exact_duplicates(dataset)
    assert (across.name, within.name) == ("exact-across", "exact-within")
    assert across.pairs.tolist() == [[5, 0]] and across.notes == (CONFLICT,) and across.excluded.tolist() == [0, 5]
    assert within.pairs.tolist() == [[1, 6], [1, 7]] and within.excluded.tolist() == [6, 7]
    assert (across.severity, within.severity) == ("serious", "warning")


def test_blank_slices_are_no_duplicates_of_each_other(made) -> None:
    pixels = noise(6)
    pixels[2:5] = 0
    dataset = made(pixels, {"a": [0] * 6})
    assert exact_duplicates(dataset) == near_duplicates(dataset) == ()


def test_of_exact_duplicates_one_takes_part_in_near_ones(made) -> None:
    pixels = noise(6)
    pixels[4], pixels[5] = pixels[0], pixels[0][:, ::-1]
    [finding] = near_duplicates(made(pixels, {"a": [0] * 6}))
    assert finding.pairs.tolist() == [[0, 5]] and finding.notes == ("mirrored left to right",)


@pytest.mark.parametrize("shape", [(32, 32), (48, 32), (32, 32, 3)])
def test_colour_and_oblong_slices_are_compared_too(made, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (5, *shape)).astype(np.uint8)
    pixels[4] = pixels[1][::-1]
    [finding] = near_duplicates(made(pixels, {"a": [0] * 5}))
    assert finding.pairs.tolist() == [[1, 4]] and finding.notes == ("mirrored top to bottom",)


def test_slices_of_one_patient_must_be_closer_than_neighbours_are(made) -> None:
    """A series in which every slice is the last one a little changed: all are alike, none is a copy."""
    random = np.random.default_rng(0)
    first = random.integers(60, 190, (32, 32)).astype(float)
    change = random.normal(0, 1.5, (12, 32, 32)).cumsum(axis=0)
    pixels = np.clip(first + change, 0, 255).astype(np.uint8)
    none = {"a": [0] * 12}
    assert near_duplicates(made(pixels, none, name="many", patient=[f"p{i}" for i in range(12)]))
    assert "neighbouring slices" in near_duplicates(made(pixels, none, name="unknown"))[0].advice
    assert near_duplicates(made(pixels, none, name="one", patient=["p"] * 12)) == ()


def test_a_hash_outlives_mirroring_brightness_and_moving_on_black() -> None:
    pixels = np.zeros((4, 64, 64), np.float32)
    pixels[:, 10:50, 12:48] = np.random.default_rng(1).random((4, 40, 36))
    found = hashes(pixels)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-5)
    for same in (
        pixels[:, ::-1],
        pixels[:, :, ::-1],
        pixels[:, ::-1, ::-1],
        np.roll(pixels, (3, -5), axis=(1, 2)),
        0.5 * pixels + 20,
    ):
        assert np.abs(hashes(np.ascontiguousarray(same)) - found).max() < 1e-4
    apart = np.linalg.norm(found[:, np.newaxis] - found, axis=2)
    assert apart[~np.eye(4, dtype=bool)].min() > 0.12


def test_a_hash_is_made_of_the_magnitudes_of_the_fourier_transform() -> None:
    one = np.random.default_rng(2).random((32, 48)).astype(np.float32)
    spectrum = np.abs(np.fft.fft2(one))
    expected = []
    for y in range(8):
        for x in range(8):
            if 0 < np.hypot(y, x) <= 7:
                both = spectrum[y, x], spectrum[y, -x]
                expected += [np.hypot(y, x) * value for value in (both if x and y else both[:1])]
    expected = np.sort(expected) / np.linalg.norm(expected)
    assert np.sort(hashes(one[np.newaxis])[0]) == pytest.approx(expected, abs=1e-5)
    assert not hashes(np.full((1, 32, 32), 0.3, np.float32)).any()


def test_alignment_finds_how_a_slice_was_turned_and_moved() -> None:
    one = np.random.default_rng(4).random((1, 24, 24)).astype(np.float32)
    for name, (down, along) in FLIPS.items():
        alike, flip, _ = aligned(one, one[:, ::down, ::along])
        assert alike[0] == pytest.approx(1) and list(FLIPS)[flip[0]] == name
    alike, _, shift = aligned(one, np.roll(one, (1, 0), axis=(1, 2)))
    assert alike[0] == pytest.approx(1) and shift[0] != 0
    assert aligned(one, np.random.default_rng(5).random((1, 24, 24)).astype(np.float32))[0][0] < 0.5


def test_large_slices_are_averaged_by_whole_blocks() -> None:
    large = np.random.default_rng(6).random((2, 200, 131)).astype(np.float32)
    small = reduced(large)
    assert small.shape == (2, 100, 65)
    assert small[1, 3, 4] == pytest.approx(large[1, 6:8, 8:10].mean())
    assert reduced(large[:, :64, :64]).shape == (2, 64, 64)
