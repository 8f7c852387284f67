from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from bombs import npy, zipped

from mri_core.errors import ImageError
from mri_core.images.npy import read_npy, read_npz
from mri_core.images.prepare import to_uint8
from mri_core.images.preprocessing import Preprocessing

RANDOM = np.random.default_rng(4)
BYTES = RANDOM.integers(0, 256, (4, 6, 5), dtype=np.uint8)
DEEP = RANDOM.normal(size=(4, 6, 5)) * 900


def encode(array: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def pixels(array: Any) -> np.ndarray:
    return np.stack([one.pixels for one in read_npy(encode(array), "a.npy")])


COLOUR = np.stack([BYTES, 255 - BYTES, BYTES // 2], axis=-1)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        *((BYTES, BYTES), (BYTES[0], BYTES[:1]), (BYTES[..., None], BYTES), (BYTES[0][..., None], BYTES[:1])),
        *((COLOUR, COLOUR), (COLOUR[0], COLOUR[:1])),
    ],
    ids=["slices", "slice", "slices with a channel", "slice with a channel", "colour slices", "colour slice"],
)
def test_shapes(array: np.ndarray, expected: np.ndarray) -> None:
    assert np.array_equal(pixels(array), expected)
    assert np.array_equal(pixels(np.asfortranarray(array)), expected)


def test_slices_are_numbered() -> None:
    found = read_npy(encode(BYTES), "x/a.npy")
    assert [one.source for one in found] == [f"a.npy [slice {number} of 4]" for number in (1, 2, 3, 4)]
    assert [one.position for one in found] == [1, 2, 3, 4]
    (single,) = read_npy(encode(BYTES[0]), "a.npy")
    assert (single.source, single.position, single.patient) == ("a.npy", None, None)


@pytest.mark.parametrize("kind", ["<i2", ">i2", "<u2", ">u4", "<i8", "<f2", "<f4", ">f8", "<f8"])
def test_deep_values_go_through_one_percentile_window(kind: str) -> None:
    values = np.abs(DEEP).astype(kind)
    assert np.array_equal(pixels(values), to_uint8(values))


def test_the_window_is_that_of_the_preprocessing_also_for_values_that_are_missing() -> None:
    values = np.concatenate([DEEP] * 3000)  # more than one part
    values[0, 0] = np.nan, np.inf, -np.inf, 0, 1
    found = read_npy(encode(values[:4000]), "a.npy", Preprocessing(low=5, high=90))
    assert np.array_equal(np.stack([one.pixels for one in found]), to_uint8(values[:4000], 5, 90))


def test_true_is_white() -> None:
    assert np.array_equal(pixels(BYTES > 100), np.where(BYTES > 100, 255, 0))


REFUSED = {
    "objects": (encode(np.array([[{}, {}]]), allow_pickle=True), "something else than numbers"),
    "texts": (encode(np.array([["a"]])), "something else than numbers"),
    "complex": (encode(BYTES * 1j), "something else than numbers"),
    "records": (encode(np.zeros((3, 3), [("a", "u1")])), "something else than numbers"),
    "one axis": (encode(np.arange(9)), "no more than one axis"),
    "five axes": (encode(np.zeros((2, 2, 2, 3, 3))), r"the shape \(2, 2, 2, 3, 3\); expected \(height, width\) or"),
    "two stacks": (encode(np.zeros((2, 2, 9, 9))), r"the shape \(2, 2, 9, 9\)"),
    "transparency": (encode(np.zeros((9, 9, 4))), r"the shape \(9, 9, 4\)"),
    "nothing": (encode(np.zeros((0, 9, 9))), "at least one of each"),
    "lies": (npy((2**40, 2**40), "<f8", 8), "promises .* bytes and there are 136"),
    "cut short": (encode(BYTES)[:-1], "promises 248 bytes and there are 247"),
    "no header": (encode(BYTES)[:20], "header is damaged"),
    "negative": (npy((-1, -1), "|u1", 8), "at least one of each"),
    "version": (encode(BYTES).replace(b"NUMPY\x01", b"NUMPY\x03"), "header is damaged"),
    "code": (encode(BYTES).replace(b"False", b"open("), "header is damaged"),
    "brackets": (encode(BYTES).replace(b"{'descr': '|u1'", b"((((((((((((((("), "header is damaged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_image_is_refused(case: str) -> None:
    data, said = REFUSED[case]
    with pytest.raises(ImageError, match=rf"^a\.npy: .*{said}"):
        read_npy(data, "x/a.npy")


def pack(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def test_every_array_of_a_zip_has_a_window_of_its_own() -> None:
    found = read_npz(pack(scan=DEEP, second=DEEP[0] * 5, labels=np.arange(4), names=np.array(["a", "b"])), "a.npz")
    assert np.array_equal(np.stack([one.pixels for one in found[:4]]), to_uint8(DEEP))
    assert np.array_equal(found[4].pixels, to_uint8(DEEP[0] * 5))
    assert [one.source for one in found[3:]] == ["a.npz [slice 4 of 4, scan]", "a.npz [slice 1 of 1, second]"]


def test_a_zip_without_images_is_refused() -> None:
    for data, said in (
        (pack(labels=np.arange(4)), "none of its arrays holds numbers along two axes"),
        (zipped(("a.npy", encode(BYTES)), ("notes.txt", b"")), r"notes\.txt in it is no array"),
        (zipped(("a.npy", npy((9, 9), "<f8"))), "promises"),
        (pack(a=BYTES)[:-9], "table of contents is damaged"),
    ):
        with pytest.raises(ImageError, match=rf"^a\.npz: .*{said}"):
            read_npz(data, "a.npz")


def test_limits_hold_for_all_arrays_together(limit) -> None:
    limit(slices=7, file_pixels=10_000)
    with pytest.raises(ImageError, match=r"hold 8 slices; .*MRI_MAX_SLICES"):
        read_npz(pack(one=BYTES, two=BYTES), "a.npz")
    with pytest.raises(ImageError, match=r"hold 14,400 pixels; .*MRI_MAX_FILE_PIXELS"):
        read_npz(pack(one=np.ones((90, 80)), two=np.ones((90, 80))), "a.npz")
    with pytest.raises(ImageError, match="pixels a file"):
        read_npy(encode(np.ones((3, 90, 80))), "a.npy")
