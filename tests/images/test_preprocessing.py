"""The record of what is done to pixels, and that readers and `prepare` do what it says."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError
from pydicom import dcmread
from pydicom.data import get_testdata_file

from mri_core.images import Preprocessing, prepare, read_slices, to_uint8


def deep_png() -> tuple[np.ndarray, bytes]:
    values = np.random.default_rng(0).integers(0, 60_000, (20, 30)).astype(np.uint16)
    held = io.BytesIO()
    Image.fromarray(values).save(held, "PNG")
    return values, held.getvalue()


@pytest.mark.parametrize("resampling", ["box", "nearest", "bilinear", "bicubic", "lanczos"])
def test_slices_are_scaled_by_the_filter_it_names(resampling):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(pixels).resize((16, 16), Image.Resampling[resampling.upper()]))
    np.testing.assert_array_equal(prepare(pixels, (16, 16), resampling), expected)


def test_percentiles_become_black_and_white():
    values, data = deep_png()
    [found] = read_slices(data, "deep.png", Preprocessing(low=10, high=80))
    np.testing.assert_array_equal(found.pixels, to_uint8(values, 10, 80))
    assert (found.pixels == 0).mean() == pytest.approx(0.10, abs=0.01)
    assert (found.pixels == 255).mean() == pytest.approx(0.20, abs=0.01)
    [usual] = read_slices(data, "deep.png")
    np.testing.assert_array_equal(usual.pixels, to_uint8(values))


def test_a_declared_window_is_asked_for_or_not():
    data = Path(get_testdata_file("MR_small.dcm", download=False)).read_bytes()
    [declared] = read_slices(data, "MR_small.dcm")
    [spread] = read_slices(data, "MR_small.dcm", Preprocessing(window="percentile", low=0, high=100))
    assert (spread.pixels.min(), spread.pixels.max()) == (0, 255)
    assert (declared.pixels != spread.pixels).any()
    np.testing.assert_array_equal(spread.pixels, to_uint8(dcmread(io.BytesIO(data)).pixel_array, 0, 100))


@pytest.mark.parametrize(
    "wrong", [{"low": 50, "high": 50}, {"low": -1}, {"high": float("nan")}, {"window": "auto"}, {"size": 64}]
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError):
        Preprocessing(**wrong)
