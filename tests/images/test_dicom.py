from __future__ import annotations

import hashlib
import io
import logging
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_color_lut, apply_voi, apply_windowing, pixel_array
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, JPEGBaseline8Bit, MRImageStorage

from mri_core.errors import ImageError
from mri_core.images.dicom import read_dicom

STORED = np.random.default_rng(8).integers(0, 2000, (3, 12, 10)).astype(np.uint16)


def make(frames: np.ndarray = STORED[0], **tags: object) -> Dataset:
    """A small MR image of one or several 16-bit frames, naming its patient as real files do."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = MRImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "Doe^Jane", "MRN-4711", "19700102"
    if frames.ndim == 3:
        dataset.NumberOfFrames = len(frames)
    dataset.Rows, dataset.Columns = frames.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = int(frames.dtype.kind == "i")
    dataset.PixelData = frames.tobytes()
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    return dataset


def encode(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def pixels(dataset: Dataset) -> np.ndarray:
    return np.stack([one.pixels for one in read_dicom(encode(dataset), "scan.dcm")])


def percentiles(values: np.ndarray) -> np.ndarray:
    low, high = np.percentile(values.astype(float), [0.5, 99.5])
    return np.rint(np.interp(values, [low, high], [0, 255])).astype(np.uint8)


def near(found: np.ndarray, expected: np.ndarray, tolerance: int = 1) -> bool:
    return found.shape == expected.shape and np.abs(found.astype(int) - expected.astype(int)).max() <= tolerance


def test_without_a_window_percentiles_decide():
    assert near(pixels(make())[0], percentiles(STORED[0]))
    signed = STORED[0].astype(np.int16) - 900
    assert near(pixels(make(signed))[0], percentiles(signed))


@pytest.mark.parametrize("function", [None, "LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("window", [(600, 1600), (1000, 2.5), (-300, 900), ([900, 5], [700, 5])])
@pytest.mark.parametrize("rescale", [None, (1, 0), (2.5, -1000)])
def test_windows_agree_with_pydicom(function, window, rescale):
    dataset = make(WindowCenter=window[0], WindowWidth=window[1])
    if function:
        dataset.VOILUTFunction = function
    slope, intercept = rescale or (1, 0)
    if rescale:
        dataset.RescaleSlope, dataset.RescaleIntercept = rescale
    windowed = apply_windowing(STORED[0] * slope + intercept, dataset)
    darkest, brightest = intercept, 65535 * slope + intercept
    assert near(pixels(dataset)[0], np.rint((windowed - darkest) / (brightest - darkest) * 255))


@pytest.mark.parametrize("window", [(600, 0), (600, -5), (600, 0.5)])
def test_a_window_the_standard_forbids_is_ignored(window):
    dataset = make(WindowCenter=window[0], WindowWidth=window[1])
    assert near(pixels(dataset)[0], percentiles(STORED[0]))


def test_a_window_one_wide_is_a_threshold():
    found = pixels(make(WindowCenter=1000, WindowWidth=1))[0]
    assert np.array_equal(found, np.where(STORED[0] >= 1000, 255, 0))


@pytest.mark.parametrize("first", [0, 100])
@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("representation", ["US", "OW"])
def test_a_voi_table_comes_before_a_window(first, bits, representation):
    entries = np.sqrt(np.linspace(0, 1, 1500)) * (2**bits - 1)
    words = entries.astype(np.uint16)
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [len(words), first, bits])
    table.add_new("LUTData", representation, words.tolist() if representation == "US" else words.tobytes())
    dataset = make(WindowCenter=5, WindowWidth=10, VOILUTSequence=[table])
    expected = np.interp(STORED[0] - float(first), np.arange(1500), words) / (2**bits - 1) * 255
    assert near(pixels(dataset)[0], np.rint(expected))
    if bits > 8:
        assert near(pixels(dataset)[0], apply_voi(STORED[0], dataset) / (2**bits - 1) * 255)


@pytest.mark.parametrize("window", [{}, {"WindowCenter": 800, "WindowWidth": 1200}])
def test_monochrome1_is_inverted_last(window):
    straight = pixels(make(**window))
    assert np.array_equal(pixels(make(PhotometricInterpretation="MONOCHROME1", **window)), 255 - straight)


def test_the_frames_of_a_file_share_one_window():
    frames = STORED // np.array([1, 2, 4], np.uint16)[:, np.newaxis, np.newaxis]
    found = read_dicom(encode(make(frames)), "cine.dcm")
    assert near(np.stack([one.pixels for one in found]), percentiles(frames))
    assert [one.source for one in found] == [f"cine.dcm [slice {number} of 3]" for number in (1, 2, 3)]
    assert [one.position for one in found] == [1, 2, 3]


def functional(**sequences: dict[str, object]) -> Dataset:
    group = Dataset()
    for keyword, tags in sequences.items():
        item = Dataset()
        for name, value in tags.items():
            setattr(item, name, value)
        setattr(group, keyword, [item])
    return group


def test_frames_of_an_enhanced_file_have_their_own_place_window_and_rescale():
    own = [
        functional(
            PlanePositionSequence={"ImagePositionPatient": [1, 2, 10.0 * frame]},
            FrameVOILUTSequence={"WindowCenter": 1000, "WindowWidth": 2000},
            PixelValueTransformationSequence={"RescaleSlope": frame + 1, "RescaleIntercept": -100 * frame},
        )
        for frame in range(3)
    ]
    shared = functional(PlaneOrientationSequence={"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]})
    dataset = make(STORED, PerFrameFunctionalGroupsSequence=own, SharedFunctionalGroupsSequence=[shared])
    values = STORED * np.array([1, 2, 3])[:, None, None] - np.array([0, 100, 200])[:, None, None]
    expected = np.clip((values - 999.5) / 1999 + 0.5, 0, 1) * 255
    found = read_dicom(encode(dataset), "enhanced.dcm")
    assert near(np.stack([one.pixels for one in found]), expected)
    assert [one.position for one in found] == [0, 10, 20]


@pytest.mark.parametrize(
    ("tags", "position"),
    [
        ({"ImagePositionPatient": [1, 2, 3], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "SliceLocation": 9}, 3),
        ({"ImagePositionPatient": [1, 2, 3], "ImageOrientationPatient": [0, 1, 0, 0, 0, -1], "SliceLocation": 9}, -1),
        ({"ImagePositionPatient": [1, 2, 3], "SliceLocation": 9.5, "InstanceNumber": 4}, 9.5),
        ({"InstanceNumber": 4}, 4),
        ({}, None),
    ],
)
def test_position(tags, position):
    assert read_dicom(encode(make(**tags)), "a.dcm")[0].position == position


def test_the_patient_is_a_short_hash():
    expected = hashlib.sha256(b"MRN-4711").hexdigest()[:12]
    assert read_dicom(encode(make()), "a.dcm")[0].patient == expected
    assert read_dicom(encode(make(PatientID="MRN-4711 ")), "a.dcm")[0].patient == expected
    assert read_dicom(encode(make(PatientID="")), "a.dcm")[0].patient is None


def test_no_tag_leaves_the_reader(caplog, recwarn, capfd):
    caplog.set_level(logging.DEBUG)
    data = encode(make(PatientID="MRN\t4711\x01")).replace(b"1.2.3.4\x00", b"Doe^Jane")
    secrets = ("Doe", "4711", "1970")
    told = [repr(read_dicom(data, "a.dcm"))]
    for broken in (
        data[:-9],
        data[:200],
        data.replace(b"MONOCHROME2", b"Doe^JaneDoe"),
        encode(make(PixelSpacing=None))[:300],
    ):
        with pytest.raises(ImageError) as caught:
            read_dicom(broken, "a.dcm")
        told.append(str(caught.value))
    told += [caplog.text, *(str(warning.message) for warning in recwarn), *capfd.readouterr()]
    assert not [secret for secret in secrets for text in told if secret in text]


def test_colour():
    colour = np.random.default_rng(4).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    tags = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    dataset = make(**tags, PlanarConfiguration=0, Rows=4, Columns=5, PixelData=colour.tobytes())
    assert np.array_equal(pixels(dataset)[0], colour)
    dataset.PlanarConfiguration = 1
    dataset.PixelData = np.ascontiguousarray(colour.transpose(2, 0, 1)).tobytes()
    assert np.array_equal(pixels(dataset)[0], colour)


def shipped(name: str) -> Path:
    return Path(get_testdata_file(name, download=False))


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
    assert np.array_equal(pixels(dataset)[0], read_dicom(PLAIN.read_bytes(), "a.dcm")[0].pixels)


def test_a_deflated_bomb_is_refused(monkeypatch):
    dataset = make(np.zeros((1000, 1000), np.uint16))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    monkeypatch.setattr("mri_core.images.limits.MAX_FILE_BYTES", 10**6)
    with pytest.raises(ImageError, match="inflates to more than"):
        read_dicom(encode(dataset), "a.dcm")


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
        expected = percentiles(values)
        if window:
            expected = np.clip((values - window[0] + 0.5) / (window[1] - 1) + 0.5, 0, 1) * 255
        assert near(read_dicom(shipped(name).read_bytes(), name)[0].pixels, expected), name


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


def without(keyword: str) -> Dataset:
    dataset = make()
    del dataset[keyword]
    return dataset


def compressed(payload: bytes) -> Dataset:
    dataset = make(PixelData=pydicom.encaps.encapsulate([payload]))
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset["PixelData"].is_undefined_length = True
    return dataset


REFUSED = {
    "huge": (make(Rows=65535, Columns=65535), "at most .* pixels a slice"),
    "many frames": (make(NumberOfFrames=2**31 - 1), "at most .* slices"),
    "no rows": (make(Rows=0), "at least one"),
    "negative frames": (make(NumberOfFrames=-1), "at least one"),
    "more rows than bytes": (make(Rows=13), "promises 260 bytes of pixels and there are 240"),
    "more frames than bytes": (make(NumberOfFrames=2), "promises 480 bytes of pixels and there are 240"),
    "no pixels": (without("PixelData"), "holds no pixels"),
    "no size": (without("Rows"), "how large"),
    "no interpretation": (without("PhotometricInterpretation"), "how large"),
    "two samples": (make(SamplesPerPixel=2), "promises|damaged"),
    "five bits": (make(BitsAllocated=5), "damaged|promises"),
    "no image inside": (compressed(b"\xff\xd8\xff\xd9"), "JPEG Baseline"),
    "too much inside": (compressed(b"\x00" * 10**6), "stores 1,000,020 bytes for an image of 240"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_header_that_lies_is_refused(case):
    dataset, words = REFUSED[case]
    with pytest.raises(ImageError, match=rf"^a\.dcm: .*({words}).*; expected|^a\.dcm: .*; expected {words}"):
        read_dicom(encode(dataset), "a.dcm")


@pytest.mark.parametrize(
    "name", ["MR_truncated.dcm", "badVR.dcm", "no_meta.dcm", "rtplan.dcm", "reportsi.dcm", "DICOMDIR"]
)
def test_shipped_files_without_a_readable_image_are_refused(name):
    with pytest.raises(ImageError, match="expected a complete DICOM image"):
        read_dicom(shipped(name).read_bytes(), name)


def test_an_unknown_way_of_storing_is_refused_without_quoting_it():
    data = encode(make()).replace(b"1.2.840.10008.1.2.1\x00", b"1.2.840.10008.1.2.77")
    with pytest.raises(ImageError, match="how it is stored"):
        read_dicom(data, "a.dcm")
    data = encode(make()).replace(b"1.2.840.10008.1.2.1\x00", b"1.2.840.10008.1.2.4.201"[:20])
    with pytest.raises(ImageError):
        read_dicom(data, "a.dcm")
