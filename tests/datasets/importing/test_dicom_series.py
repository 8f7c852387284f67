"""DICOM series: made ones whose order is known, and every file that pydicom ships."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from import_support import picture
from pydicom.data import get_testdata_file
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import Recipe, import_source, preview
from mri_core.errors import ImageError, InvalidInput
from mri_core.images import prepare, read_file

RECIPE = Recipe((16, 16))


def save(path: Path, pixels: np.ndarray, series: str, patient: str, place: float) -> None:
    """One slice, whose InstanceNumber runs against its place, and whose SOPInstanceUID ends in both."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    made.SeriesInstanceUID, made.PatientID, made.PatientName = series, patient, "Somebody^Known"
    made.SOPInstanceUID, made.InstanceNumber = f"{series}.{int(place)}", 10 - int(place)
    made.ImageOrientationPatient, made.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, place]
    made.Rows, made.Columns = pixels.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit, made.PixelRepresentation = 7, 0
    made.WindowCenter, made.WindowWidth = 128, 256
    made.PixelData = pixels.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)


@pytest.fixture
def series(tmp_path) -> Path:
    """Four series of four patients, three slices each, in files whose names are in another order than the slices."""
    for number in range(4):
        for place in range(3):
            path = tmp_path / "scans" / f"s{number}" / f"{(place + 1) % 3}.dcm"
            save(path, picture(10 * number + place), f"1.2.{number}", f"secret {number}", float(place))
    return tmp_path / "scans"


TABLES = {
    "file": "file,lesion\n" + "".join(f"s{n}/{i}.dcm,{n % 2}\n" for n in range(4) for i in range(3)),
    "series": "SeriesInstanceUID,lesion\n" + "".join(f"1.2.{n},{n % 2}\n" for n in range(4)),
    "patient": "Patient ID,lesion\n" + "".join(f"secret {n},{n % 2}\n" for n in range(4)),
}


@pytest.mark.parametrize("level", TABLES)
def test_series_in_order_with_labels_by_file_series_or_patient(home, series, level):
    (series / "labels.csv").write_text(TABLES[level])
    assert preview(series).source == "dicom" and preview(series).mapping["rows label"] == f"a {level} each"
    imported = import_source(home, "mine", series, recipe=RECIPE)
    dataset = imported.dataset
    for number in range(4):
        for place in range(3):
            np.testing.assert_array_equal(dataset.pixels[3 * number + place], picture(10 * number + place))
    assert dataset.index["position"].tolist() == [0, 1, 2] * 4
    assert dataset.truth[:, 0].tolist() == [0] * 3 + [1] * 3 + [0] * 3 + [1] * 3
    assert dataset.header.patients == 4 and dataset.index.groupby("patient")["split"].nunique().max() == 1
    assert not imported.summary.left_out and not imported.summary.warnings


def finding(number: int, place: int) -> int:
    """A label that differs from slice to slice."""
    return (number + place) % 2


EACH = [(number, place) for number in range(4) for place in range(3)]
A_SLICE = {
    "file": ("file", lambda n, p: f"s{n}/{(p + 1) % 3}.dcm"),
    "instance": ("SOPInstanceUID", lambda n, p: f"1.2.{n}.{p}"),
    "series and place": ("SeriesInstanceUID,slice", lambda n, p: f"1.2.{n},{p}"),
    "series and number": ("Series Instance UID,Instance Number", lambda n, p: f"1.2.{n},{10 - p}.0"),
    "all of them": (
        "SOPInstanceUID,SeriesInstanceUID,PatientID,InstanceNumber,slice",
        lambda n, p: f"1.2.{n}.{p},1.2.{n},secret {n},{10 - p},{p}",
    ),
}


@pytest.mark.parametrize("way", A_SLICE)
def test_a_row_labels_a_slice(home, series, way):
    columns, cells = A_SLICE[way]
    body = [f"{cells(n, p)},{finding(n, p)}" for n, p in reversed(EACH) if (n, p) != (1, 1)]
    (series / "labels.csv").write_text("\n".join([f"{columns},lesion", *body]))
    imported = import_source(home, "mine", series, recipe=RECIPE)
    kept = [(n, p) for n, p in EACH if (n, p) != (1, 1)]
    assert imported.dataset.label_names == ("lesion",)
    assert imported.dataset.truth[:, 0].tolist() == [finding(n, p) for n, p in kept]
    np.testing.assert_array_equal(imported.dataset.pixels, [picture(10 * n + p) for n, p in kept])
    assert [(one.what, one.reason) for one in imported.summary.left_out] == [("s1/2.dcm", "file without a row")]
    assert imported.dataset.header.patients == 4


def test_a_row_labels_a_frame(home, tmp_path):
    """Three copies of a file of fifteen frames."""
    path = Path(str(get_testdata_file("rtdose.dcm", download=False)))
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.dcm").write_bytes(path.read_bytes())
    body = "".join(f"{n},p{n},{frame},{frame % 2}\n" for n in range(3) for frame in (2, 5, 99))
    (tmp_path / "in" / "labels.csv").write_text("file,who,frame,lesion\n" + body)
    imported = import_source(home, "mine", tmp_path / "in", Choices(patient_column="who"), RECIPE)
    assert imported.dataset.index["id"].tolist() == [f"{n}.dcm#{frame}" for n in range(3) for frame in (2, 5)]
    assert imported.dataset.truth[:, 0].tolist() == [0, 1] * 3
    frames = read_file(path)
    np.testing.assert_array_equal(imported.dataset.pixels[1], prepare(frames[5], (16, 16)))
    assert imported.dataset.index["patient"].tolist() == ["p0", "p0", "p1", "p1", "p2", "p2"]
    assert imported.summary.counts == {"row without a file": 3, "file without a row": 39}
    assert imported.summary.left_out[0].why == "0#99: there is no slice of that number in the file, counted from 0"


def test_folders_named_for_labels_hold_dicom_too(home, tmp_path):
    """Files without a suffix are known by their contents, and their patients by their headers."""
    for number in range(6):
        label = "lesion" if number % 2 else "no finding"
        save(tmp_path / "sorted" / label / f"1.2.{number}", picture(number), "1.2.3", f"secret {number // 2}", 0)
    (tmp_path / "sorted" / "lesion" / "notes").write_text("no image")
    imported = import_source(home, "mine", tmp_path / "sorted", recipe=RECIPE)
    dataset = imported.dataset
    assert dataset.truth[:, 0].tolist() == [1] * 3 + [0] * 3 and dataset.header.patients == 3
    np.testing.assert_array_equal(dataset.pixels, [picture(number) for number in (1, 3, 5, 0, 2, 4)])
    assert not imported.summary.left_out


def test_a_copy_makes_an_instance_ambiguous(home, series):
    (series / "s0" / "copy.dcm").write_bytes((series / "s0" / "0.dcm").read_bytes())
    body = "".join(f"1.2.{n}.{p},{p % 2}\n" for n, p in EACH)
    (series / "labels.csv").write_text("sop_instance_uid,lesion\n" + body)
    imported = import_source(home, "mine", series, recipe=RECIPE)
    assert imported.dataset.header.slices == 11
    assert imported.summary.counts == {"row without a file": 1, "file without a row": 2}
    assert imported.summary.left_out[0].why == "1.2.0.2 is in several files"


def test_patients_are_hashed_with_a_salt_of_the_data_set(home, series):
    (series / "labels.csv").write_text(TABLES["series"])
    first = import_source(home, "first", series, recipe=RECIPE).dataset
    again = import_source(home, "again", series, recipe=RECIPE).dataset
    assert again.fingerprint == first.fingerprint
    (series / "labels.csv").write_text(TABLES["series"].replace("1.2.3,1\n", ""))
    other = import_source(home, "other", series, recipe=RECIPE).dataset
    assert not set(first.index["patient"]) & set(other.index["patient"]) and other.header.patients == 3
    kept = json.dumps(first.header.model_dump(mode="json")) + first.index.to_csv()
    assert "secret" not in kept and "Somebody" not in kept


def test_files_without_a_row_and_damaged_ones_are_listed(home, series):
    (series / "labels.csv").write_text(TABLES["series"].replace("1.2.3,1\n", "1.2.9,1\n"))
    (series / "s0" / "0.dcm").write_bytes(b"\0" * 128 + b"DICM")
    (series / "s0" / "cut.dcm").write_bytes((series / "s0" / "1.dcm").read_bytes()[:-50])
    imported = import_source(home, "mine", series, recipe=RECIPE)
    counts = imported.summary.counts
    assert imported.dataset.header.slices == 8
    assert (counts["file without a row"], counts["row without a file"]) == (4, 1) and counts["skipped"] == 1


def test_a_table_that_names_nothing(home, series):
    (series / "labels.csv").write_text("who,lesion\nnobody,1\n")
    with pytest.raises(
        InvalidInput, match="names the DICOM files, their SOPInstanceUID, their SeriesInstanceUID or their"
    ):
        import_source(home, "mine", series)


DATA = Path(pydicom.data.__file__).parent
SHIPPED = sorted(
    path.relative_to(DATA).as_posix()
    for path in DATA.glob("*_files/**/*")
    if path.is_file() and (path.suffix == ".dcm" or path.suffix == "")
)
NOT_TAKEN = {
    "MR_truncated.dcm": "its header promises 8,192 bytes of pixels and there are 8,130",
    "JPEG-lossy.dcm": "decoder that is not installed (pylibjpeg>=2.0 and pylibjpeg-libjpeg>=2.1)",
    "JPGExtended.dcm": "decoder that is not installed (pylibjpeg>=2.0 and pylibjpeg-libjpeg>=2.1)",
    "JPEG2000-embedded-sequence-delimiter.dcm": "a frame declares 3722445056 x 1024 pixels inside",
    "badVR.dcm": "its header is damaged or cut short",
    "nested_priv_SQ.dcm": "it does not say how large its image is",
    "meta_missing_tsyntax.dcm": "it does not say how large its image is",
}
"""Shipped files with pixels that are damaged on purpose, or that no decoder here knows, and what is said of them."""


def test_every_file_that_pydicom_ships(home, tmp_path):
    """Each image is taken as the reader gives it; each other file is listed, and why it is none."""
    (tmp_path / "in").symlink_to(DATA)
    body = "".join(f"{name},p{number},1\n" for number, name in enumerate(SHIPPED))
    (tmp_path / "labels.csv").write_text("file,who,lesion\n" + body)
    choices, split = Choices(tmp_path / "labels.csv", patient_column="who"), Recipe((8, 8), fractions={"train": 1.0})
    imported = import_source(home, "mine", tmp_path / "in", choices, split, source="dicom")
    taken = {name.split("#")[0] for name in imported.dataset.index["id"]}
    said = {one.what.split("#")[0]: one.why for one in imported.summary.left_out if one.reason == "skipped"}
    said = {name: why for name, why in said.items() if name in SHIPPED}
    assert taken | set(said) == set(SHIPPED) and not taken & set(said) and len(taken) > 80
    for name, why in said.items():
        expected = NOT_TAKEN.get(Path(name).name)
        assert expected in why if expected else "it holds no pixels" in why or "it has no 'DICM'" in why, name
    for name in ("test_files/emri_small.dcm", "test_files/CT_small.dcm", "test_files/SC_rgb_rle_2frame.dcm"):
        if name in taken:
            rows = [row for row, one in enumerate(imported.dataset.index["id"]) if one.split("#")[0] == name]
            expected = [prepare(one, (8, 8)) for one in read_file(DATA / name)]
            np.testing.assert_array_equal(imported.dataset.pixels[rows], expected)


@pytest.mark.filterwarnings("ignore")  # pydicom's, of what is wrong in its files
def test_every_mr_and_ct_image_that_pydicom_ships_is_taken():
    """Whatever way it is compressed; only the one that is cut short on purpose is not."""
    refused = []
    read = 0
    for name in SHIPPED:
        header = pydicom.dcmread(DATA / name, force=True)
        if header.get("Modality") not in ("MR", "CT") or "PixelData" not in header:
            continue
        try:
            read += len(read_file(DATA / name))
        except ImageError:
            refused.append(Path(name).name)
    assert refused == ["MR_truncated.dcm"] and read > 30
