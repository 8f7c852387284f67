from __future__ import annotations

import hashlib
import io
import logging
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, JPEGBaseline8Bit, MRImageStorage

from mri_core.errors import ImageError
from mri_core.images.dicom import read_dicom

STORED = np.random.default_rng(8).integers(0, 2000, (3, 12, 10)).astype(np.uint16)


def make(frames: np.ndarray = STORED[0], **tags: Any) -> Dataset:
    """A small MR image of one or several 16-bit frames, naming its patient as real files do."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = MRImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.4")
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


def test_what_tells_a_series_together():
    uid = "1.2.826.0.1.3680043.8.498.4711"
    found = [read_dicom(encode(make(SeriesInstanceUID=uid, InstanceNumber=n)), f"{n}.dcm")[0] for n in (10, 9)]
    assert [one.series for one in found] == [hashlib.sha256(uid.encode()).hexdigest()[:12]] * 2
    assert [one.instance for one in found] == [one.position for one in found] == [10, 9]
    other = read_dicom(encode(make(SeriesInstanceUID=uid + "2", ImagePositionPatient=[1, 2, 3])), "a.dcm")[0]
    assert other.series not in (None, found[0].series) and other.instance is None
    assert read_dicom(encode(make()), "a.dcm")[0].series is None
    frames = read_dicom(encode(make(STORED, SeriesInstanceUID=uid, InstanceNumber=3)), "a.dcm")
    assert [(one.series, one.instance) for one in frames] == [(found[0].series, 3)] * 3


@pytest.mark.parametrize(("tags", "burned_in"), [
    ({"BurnedInAnnotation": "YES"}, True), ({"BurnedInAnnotation": "NO"}, False),
    ({"BurnedInAnnotation": ""}, False), ({}, False),
])  # fmt: skip
def test_burned_in_text_is_said(tags, burned_in):
    found = read_dicom(encode(make(STORED, **tags)), "a.dcm")
    assert [one.burned_in for one in found] == [burned_in] * 3


def test_no_tag_leaves_the_reader(caplog, recwarn, capfd):
    caplog.set_level(logging.DEBUG)
    named = make(
        PatientID="MRN\t4711\x01",
        SeriesInstanceUID="1.2.4711",
        StudyInstanceUID="1.2.4711",
        BurnedInAnnotation="DOE4711",
    )
    data = encode(named).replace(b"1.2.3.4\x00", b"Doe^Jane")
    secrets = ("Doe", "DOE", "4711", "1970")
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
    tags: dict[str, Any] = {
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "RGB",
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
    }
    dataset = make(**tags, PlanarConfiguration=0, Rows=4, Columns=5, PixelData=colour.tobytes())
    assert np.array_equal(pixels(dataset)[0], colour)
    dataset.PlanarConfiguration = 1
    dataset.PixelData = np.ascontiguousarray(colour.transpose(2, 0, 1)).tobytes()
    assert np.array_equal(pixels(dataset)[0], colour)


def test_a_deflated_bomb_is_refused(limit):
    dataset = make(np.zeros((1000, 1000), np.uint16))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    assert not read_dicom(encode(dataset), "a.dcm")[0].pixels.any()
    limit(file_mb=1, ratio=10)
    with pytest.raises(ImageError, match=r"inflates to more than .*10 times .*MRI_MAX_RATIO"):
        read_dicom(encode(dataset), "a.dcm")


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


def test_an_unknown_way_of_storing_is_refused_without_quoting_it():
    data = encode(make()).replace(b"1.2.840.10008.1.2.1\x00", b"1.2.840.10008.1.2.77")
    with pytest.raises(ImageError, match="how it is stored"):
        read_dicom(data, "a.dcm")
    data = encode(make()).replace(b"1.2.840.10008.1.2.1\x00", b"1.2.840.10008.1.2.4.201"[:20])
    with pytest.raises(ImageError):
        read_dicom(data, "a.dcm")
