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
from mri_core.errors import InvalidInput
from mri_core.images import prepare, read_file

RECIPE = Recipe((16, 16))


def save(path: Path, pixels: np.ndarray, series: str, patient: str, place: float) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    made.SeriesInstanceUID, made.PatientID, made.PatientName = series, patient, "Somebody^Known"
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
    with pytest.raises(InvalidInput, match="names the DICOM files, their SeriesInstanceUID or their PatientID"):
        import_source(home, "mine", series)


SHIPPED = ("MR_small.dcm", "MR_small_RLE.dcm", "MR2_J2KR.dcm", "CT_small.dcm", "emri_small.dcm", "rtplan.dcm")


def test_the_files_that_pydicom_ships(home, tmp_path):
    """Every one is taken as the reader gives it, or listed with the reason."""
    (tmp_path / "in").mkdir()
    found = [name for name in SHIPPED if get_testdata_file(name, download=False)]
    for name in found:
        (tmp_path / "in" / name).write_bytes(Path(get_testdata_file(name, download=False)).read_bytes())
    (tmp_path / "labels.csv").write_text("file,lesion\n" + "".join(f"{name},1\n" for name in found))
    split = Recipe((32, 32), fractions={"train": 1.0})
    imported = import_source(home, "mine", tmp_path / "in", Choices(tmp_path / "labels.csv"), split)
    dataset = imported.dataset
    skipped = {one.what for one in imported.summary.left_out}
    assert "rtplan.dcm" in skipped and "CT_small.dcm" not in skipped
    for name in set(found) - skipped:
        expected = read_file(tmp_path / "in" / name)
        rows = [row for row, one in enumerate(dataset.index["id"]) if one.split("#")[0] == name]
        assert len(rows) == len(expected) == int(pydicom.dcmread(tmp_path / "in" / name).get("NumberOfFrames") or 1)
        for row, one in zip(rows, expected, strict=True):
            np.testing.assert_array_equal(dataset.pixels[row], prepare(one, (32, 32)))
