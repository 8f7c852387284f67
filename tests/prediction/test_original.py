"""A slice for looking at: through the model's window, or one of percentiles."""

from __future__ import annotations

import io
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file

from mri_core.errors import InvalidInput
from mri_core.images import read_slices
from mri_core.images.preprocessing import Preprocessing
from mri_core.prediction.original import Origin, as_the_model_reads, between_percentiles

STANDARD = Preprocessing()


def stretched(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """By hand: two percentiles to 0 and 255, linear between."""
    darkest, brightest = np.percentile(values, [low, high])
    return np.clip((values.astype(float) - darkest) / (brightest - darkest), 0, 1) * 255


def png(pixels: np.ndarray) -> bytes:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    return held.getvalue()


@pytest.mark.parametrize("percentiles", [(0, 100), (0.5, 99.5), (10, 60)])
@pytest.mark.parametrize("kind", ["8 bits", "16 bits", "12-bit DICOM"])
def test_percentiles_are_of_the_intensities_in_the_file(kind: str, percentiles: tuple[float, float]) -> None:
    values = np.random.default_rng(1).gamma(2, 30, (24, 20)).clip(0, 255).astype(np.uint8)
    origin = Origin("a.png", png(values))
    if kind == "16 bits":
        values = values.astype(np.uint16) ** 2
        origin = Origin("a.png", png(values))
    elif kind == "12-bit DICOM":
        path = Path(get_testdata_file("MR_small.dcm"))
        values, origin = dcmread(path).pixel_array, Origin("MR_small.dcm", path.read_bytes())
    shown = between_percentiles(origin, STANDARD, *percentiles, read_slices)
    np.testing.assert_allclose(shown, stretched(values, *percentiles), atol=1)
    seen = as_the_model_reads(origin, STANDARD, read_slices)
    assert np.array_equal(seen.pixels, read_slices(origin.data, origin.name)[0].pixels)


def test_a_volume_has_one_window_and_keeps_the_axis_of_the_model() -> None:
    voxels = np.random.default_rng(2).integers(0, 4000, (6, 8, 10)).astype(np.int16)
    data = nibabel.Nifti1Image(voxels, np.eye(4)).to_bytes()
    sagittal = Preprocessing(axis="sagittal")
    shown = between_percentiles(Origin("v.nii", data, 5), sagittal, 5, 95, read_slices)
    expected = stretched(voxels, 5, 95)[5].T[::-1, ::-1]
    np.testing.assert_allclose(shown, expected, atol=1)
    whole = between_percentiles(Origin("v.nii", data, 5), sagittal, 0, 100, read_slices)
    np.testing.assert_allclose(whole, stretched(voxels, 0, 100)[5].T[::-1, ::-1], atol=1)


def test_a_black_slice_of_a_deep_volume_stays_black() -> None:
    voxels = np.zeros((6, 8, 3), np.int16)
    voxels[..., 1:] = np.arange(6 * 8 * 2).reshape(6, 8, 2) * 40
    voxels[0, 0, 0] = 3
    data = nibabel.Nifti1Image(voxels, np.eye(4)).to_bytes()
    assert between_percentiles(Origin("v.nii", data, 0), STANDARD, 0, 90, read_slices).max() <= 1


def test_the_lower_percentile_is_the_lower() -> None:
    origin = Origin("a.png", png(np.zeros((4, 4), np.uint8)))
    with pytest.raises(InvalidInput, match="percentiles are 50 and 50; expected the first to be lower"):
        between_percentiles(origin, STANDARD, 50, 50, read_slices)
