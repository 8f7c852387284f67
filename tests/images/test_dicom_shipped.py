"""The images pydicom ships for its own tests: every way of storing pixels that this package reads."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.pixels import apply_color_lut, pixel_array
from pydicom.uid import DeflatedExplicitVRLittleEndian

from mri_core.errors import ImageError
from mri_core.images.dicom import read_dicom


def shipped(name: str) -> Path:
    return Path(str(get_testdata_file(name, download=False)))


PLAIN = shipped("MR_small.dcm")


@pytest.mark.parametrize(
    "name",
    [
        *("MR_small_RLE.dcm", "MR_small_bigendian.dcm", "MR_small_expb.dcm", "MR_small_implicit.dcm"),
        *("MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_padded.dcm"),
    ],
)
def test_losslessly_compressed_pixels_are_those_of_the_plain_file(name):
    (plain,), (found,) = (read_dicom(shipped(file).read_bytes(), "a.dcm") for file in ("MR_small.dcm", name))
    assert np.array_equal(found.pixels, plain.pixels)
    assert (found.patient, found.position) == (plain.patient, plain.position)


def test_a_deflated_file():
    dataset = pydicom.dcmread(PLAIN)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    deflated = io.BytesIO()
    dataset.save_as(deflated)
    (found,) = read_dicom(deflated.getvalue(), "a.dcm")
    assert np.array_equal(found.pixels, read_dicom(PLAIN.read_bytes(), "a.dcm")[0].pixels)


def test_shipped_grey_files():
    for name, window in (
        ("CT_small.dcm", None),
        ("MR_small.dcm", (600, 1600)),
        ("J2K_pixelrep_mismatch.dcm", (40, 100)),
    ):
        dataset = pydicom.dcmread(shipped(name))
        values = pixel_array(dataset) * float(dataset.get("RescaleSlope", 1)) + float(
            dataset.get("RescaleIntercept", 0)
        )
        low, high = np.percentile(values, [0.5, 99.5])
        expected = np.interp(values, [low, high], [0, 255])
        if window:
            expected = np.clip((values - window[0] + 0.5) / (window[1] - 1) + 0.5, 0, 1) * 255
        found = read_dicom(shipped(name).read_bytes(), name)[0].pixels
        assert np.abs(found - expected).max() <= 1, name


COLOUR_FILES = [
    *(
        "SC_rgb_rle.dcm",
        "SC_rgb_rle_2frame.dcm",
        "SC_rgb_jpeg_gdcm.dcm",
        "SC_rgb_small_odd.dcm",
        "examples_rgb_color.dcm",
    ),
    *("SC_rgb_dcmtk_+eb+cy+s4.dcm", "SC_ybr_full_422_uncompressed.dcm", "SC_rgb_jls_lossy_line.dcm"),
    *("examples_ybr_color.dcm", "SC_rgb_gdcm_KY.dcm"),
]


@pytest.mark.parametrize("name", COLOUR_FILES)
def test_shipped_colour_files(name):
    expected = pixel_array(shipped(name))
    expected = expected if expected.ndim == 4 else expected[np.newaxis]
    found = read_dicom(shipped(name).read_bytes(), name)
    assert np.array_equal(np.stack([one.pixels for one in found]), expected)


@pytest.mark.parametrize(("deep", "plain"), [("16bit", 8), ("32bit", 24)])
def test_deep_colour_keeps_its_upper_bits(deep, plain):
    expected = pixel_array(shipped(f"SC_rgb_rle_{deep}.dcm")) >> plain
    assert np.array_equal(read_dicom(shipped(f"SC_rgb_rle_{deep}.dcm").read_bytes(), "a")[0].pixels, expected)


def test_a_palette_is_looked_up():
    dataset = pydicom.dcmread(shipped("examples_palette.dcm"))
    expected = apply_color_lut(pixel_array(dataset), dataset) >> 8
    assert np.array_equal(read_dicom(shipped("examples_palette.dcm").read_bytes(), "a")[0].pixels, expected)


def test_what_pillow_refuses_gdcm_may_read():
    """A JPEG 2000 stream whose colours lie in another order, which Pillow gives up on."""
    name = shipped("GDCMJ2K_TextGBR.dcm")
    (found,) = read_dicom(name.read_bytes(), "a.dcm")
    np.testing.assert_array_equal(found.pixels, pixel_array(name, decoding_plugin="gdcm"))


def test_a_jpeg_2000_frame_that_declares_more_than_the_file_is_refused():
    data = shipped("MR_small_jp2klossless.dcm").read_bytes()
    place = data.index(b"\xff\x4f\xff\x51") + 8
    changed = data[:place] + struct.pack(">II", 60_000, 60_000) + data[place + 8 :]
    with pytest.raises(ImageError, match=r"^a\.dcm: a frame declares 60000 x 60000 pixels inside; expected"):
        read_dicom(changed, "a.dcm")


@pytest.mark.parametrize(
    ("syntax", "said"),
    [
        ("1.2.840.10008.1.2.4.201", r"Lossless Only\)\) need a decoder that is not installed \(pylibjpeg>=2\.0 and"),
        ("1.2.840.10008.1.2.4.100", r"MPEG2 Main Profile / Main Level\) are of a kind that no decoder reads"),
    ],
)
def test_a_missing_decoder_is_named(syntax, said):
    dataset = pydicom.dcmread(shipped("MR_small_jp2klossless.dcm"))
    dataset.file_meta.TransferSyntaxUID = syntax
    stored = io.BytesIO()
    dataset.save_as(stored)
    with pytest.raises(ImageError, match=said):
        read_dicom(stored.getvalue(), "a.dcm")


@pytest.mark.parametrize(
    "name", ["MR_truncated.dcm", "badVR.dcm", "no_meta.dcm", "rtplan.dcm", "reportsi.dcm", "DICOMDIR"]
)
def test_shipped_files_without_a_readable_image_are_refused(name):
    with pytest.raises(ImageError, match="expected a complete DICOM image"):
        read_dicom(shipped(name).read_bytes(), name)
