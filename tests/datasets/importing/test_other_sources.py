"""Arrays, competition folders, folders named for labels, and zips of them."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from import_support import COUNT, lines, name, picture
from PIL import Image

from mri_core.datasets.browse import Query, find_slices, slice_records
from mri_core.datasets.dataset import list_datasets
from mri_core.datasets.importing import zipped
from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import Recipe, import_source, preview
from mri_core.datasets.importing.sources import SOURCES, find_source
from mri_core.datasets.statistics import label_statistics
from mri_core.errors import InvalidInput

RECIPE = Recipe((16, 16))


def take(home, place, called="mine", **choices):
    return import_source(home, called, place, Choices(**choices), RECIPE)


def medmnist(labels: np.ndarray, size=(16, 16)) -> dict[str, np.ndarray]:
    """Ten, three and four slices in the MedMNIST layout."""
    images = np.random.default_rng(0).integers(0, 256, (17, *size), dtype=np.uint8)
    ends = {"train": slice(0, 10), "val": slice(10, 13), "test": slice(13, 17)}
    arrays = {f"{split}_images": images[rows] for split, rows in ends.items()}
    return arrays | {f"{split}_labels": labels[rows] for split, rows in ends.items()}


MULTI = np.random.default_rng(1).integers(0, 2, (17, 3))


@pytest.mark.parametrize("packed", ["npz", "compressed", "npy", "folder"])
def test_arrays_in_the_medmnist_layout(home, tmp_path, packed):
    arrays = medmnist(MULTI)
    place = tmp_path / "in"
    place.mkdir()
    if packed == "npy":
        for key, array in arrays.items():
            np.save(place / f"{key}.npy", array)
    else:
        (np.savez_compressed if packed == "compressed" else np.savez)(place / "brain.npz", **arrays)
        place = place if packed == "folder" else place / "brain.npz"
    dataset = take(home, place).dataset
    assert dataset.index["split"].tolist() == ["train"] * 10 + ["validation"] * 3 + ["test"] * 4
    np.testing.assert_array_equal(dataset.truth, MULTI)
    np.testing.assert_array_equal(
        dataset.pixels, np.concatenate([arrays[f"{s}_images"] for s in ("train", "val", "test")])
    )
    assert dataset.label_names == ("label 1", "label 2", "label 3")


def test_class_numbers_become_a_label_each_and_colour_becomes_grey(home, tmp_path):
    classes = np.arange(17)[:, np.newaxis] % 4
    np.savez(tmp_path / "in.npz", **medmnist(classes, (28, 20, 3)))
    dataset = take(home, tmp_path / "in.npz").dataset
    assert dataset.label_names == ("class 0", "class 1", "class 2", "class 3")
    np.testing.assert_array_equal(dataset.truth.argmax(axis=1), classes[:, 0])
    assert (dataset.truth.sum(axis=1) == 1).all() and dataset.image_shape == (16, 16)


def test_arrays_without_splits_are_dealt(home, tmp_path):
    np.savez(tmp_path / "in.npz", images=np.zeros((20, 16, 16), np.float32), labels=np.arange(20) % 2)
    dataset = take(home, tmp_path / "in.npz").dataset
    assert dataset.index["split"].value_counts().to_dict() == {"train": 12, "test": 5, "validation": 3}


@pytest.mark.parametrize("kind", ["U5", "S5", "int"])
def test_patients_beside_arrays(home, tmp_path, kind):
    """Named or numbered; one who is in two splits is warned of, and dealing anew keeps patients whole."""
    number = np.array([*range(5), *range(5), 9, 9, 8, 7, 7, 6, 0])
    who = number if kind == "int" else np.char.add("p", number.astype(str)).astype(kind)
    arrays = medmnist(MULTI)
    ends = {"train": slice(0, 10), "val": slice(10, 13), "test": slice(13, 17)}
    np.savez(tmp_path / "in.npz", **arrays, **{f"{split}_patients": who[rows] for split, rows in ends.items()})
    imported = take(home, tmp_path / "in.npz")
    assert imported.dataset.index["patient"].tolist() == [f"{'' if kind == 'int' else 'p'}{i}" for i in number]
    assert imported.dataset.header.patients == 9 and imported.summary.mapping["patient"] == "patients"
    assert "1 patients are in more than one split" in imported.summary.warnings[0]
    dealt = take(home, tmp_path / "in.npz", "dealt", resplit=True).dataset
    assert dealt.index.groupby("patient")["split"].nunique().max() == 1


def _declaring(shape: tuple[int, ...]) -> bytes:
    held = io.BytesIO()
    np.lib.format.write_array_header_1_0(held, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return held.getvalue()


BAD_ARRAYS = {
    "pickled": ({"images": np.array([[[object()]]])}, "its header declares object"),
    "too few labels": ({"images": np.zeros((5, 8, 8), np.uint8), "labels": np.zeros(4)}, "one row for each of the 5"),
    "no labels": ({"train_images": np.zeros((5, 8, 8), np.uint8)}, "holds train images without labels"),
    "flat": ({"images": np.zeros((5, 8)), "labels": np.zeros(5)}, r"expected \(slices, height, width\)"),
    "odd labels": ({"images": np.zeros((2, 8, 8)), "labels": np.array([0.5, 1])}, "holds 0.5 to 1.0"),
    "too few patients": (
        {"images": np.zeros((2, 8, 8)), "labels": np.zeros(2), "patients": np.zeros(3, int)},
        r"declares int64 \(3,\); expected a whole number or a text for each of the 2 slices",
    ),
    "patients in fractions": (
        {"images": np.zeros((2, 8, 8)), "labels": np.zeros(2), "patients": np.zeros(2)},
        "patients.npy declares float64",
    ),
    "texts for images": ({"images": np.full((2, 8, 8), "a"), "labels": np.zeros(2)}, "declares <U1"),
    "texts for labels": ({"images": np.zeros((2, 8, 8)), "labels": np.array(["a", "b"])}, "declares <U1"),
    "classes in columns": ({"images": np.zeros((2, 8, 8)), "labels": np.array([[2, 0], [1, 1]])}, "reach 2"),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_bad_arrays_are_said(home, tmp_path, case):
    arrays, said = BAD_ARRAYS[case]
    np.savez(tmp_path / "in.npz", **arrays)
    with pytest.raises(InvalidInput, match=said):
        take(home, tmp_path / "in.npz")
    assert list_datasets(home) == []


def test_a_header_that_promises_more_than_there_is(home, tmp_path):
    (tmp_path / "images.npy").write_bytes(_declaring((2**20, 64, 64)))
    np.save(tmp_path / "labels.npy", np.zeros(2**20, np.uint8))
    with pytest.raises(InvalidInput, match=r"its header promises 4,294,967,\d+ bytes and there are 128"):
        take(home, tmp_path)


@pytest.fixture
def competition(tmp_path) -> Path:
    """Training images of four patients, validation images, and test images whose labels nobody knows."""
    root = tmp_path / "competition"
    for split, count in (("train", 8), ("val", 4), ("test", 3)):
        (root / f"{split}_images").mkdir(parents=True)
        for i in range(count):
            Image.fromarray(picture(i)).save(root / f"{split}_images" / f"{i}.png")
    (root / "train.csv").write_text("id,subject,a,b\n" + "".join(f"{i},p{i // 2},{i % 2},0\n" for i in range(8)))
    (root / "val.csv").write_text("id,subject,b,a\n" + "".join(f"{i},q{i},1,0\n" for i in range(4)))
    (root / "test.csv").write_text("id,subject\n" + "".join(f"{i},r{i}\n" for i in range(3)))
    return root


@pytest.mark.parametrize("with_table", [True, False])
def test_a_competition_with_a_test_split_without_labels(home, competition, with_table):
    if not with_table:
        (competition / "test.csv").unlink()
    assert preview(competition).source == "splits"
    dataset = take(home, competition).dataset
    assert dataset.index["split"].tolist() == ["train"] * 8 + ["validation"] * 4 + ["test"] * 3
    assert dataset.index["id"].iloc[0] == "train_images/0" and dataset.header.unlabelled == 3
    np.testing.assert_array_equal(dataset.truth[dataset.rows("train")], [[i % 2, 0] for i in range(8)])
    np.testing.assert_array_equal(dataset.truth[dataset.rows("validation")], [[0, 1]] * 4)
    assert not len(dataset.rows("test")) and dataset.labelled.tolist() == [True] * 12 + [False] * 3
    found = label_statistics(dataset)
    assert find_slices(dataset, Query(no_finding=True)).tolist() == [0, 2, 4, 6]
    assert [one.labelled for one in slice_records(dataset, [0, 14])] == [True, False]
    assert found["unlabelled"] == 3 and sum(entry["slices"] for entry in found["label_sets"]) == 12


def test_dealing_anew_leaves_unlabelled_slices_in_test(home, competition):
    dataset = take(home, competition, resplit=True).dataset
    assert set(dataset.index["split"][12:]) == {"test"}
    assert len(dataset.rows("train")) + len(dataset.rows("validation")) + len(dataset.rows("test")) == 12
    assert len(dataset.rows("test")) and dataset.index.groupby("patient")["split"].nunique().max() == 1


def test_tables_that_differ_and_splits_without_one(home, competition):
    (competition / "val.csv").write_text("id,a\n0,1\n")
    with pytest.raises(InvalidInput, match="validation has no column b"):
        take(home, competition)
    (competition / "val.csv").unlink()
    with pytest.raises(InvalidInput, match="has images of validation and no table"):
        take(home, competition)


@pytest.fixture
def label_folders(tmp_path) -> Path:
    """Slices in folders named for labels; slice 0 lies in two as a copy, slice 2 as a link."""
    root = tmp_path / "sorted"
    for i, folder in enumerate(["tumour", "oedema+tumour", "oedema", "no finding"] * 5):
        (root / folder).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(i)).save(root / folder / f"{i}.png")
    (root / "oedema" / "0.png").write_bytes((root / "tumour" / "0.png").read_bytes())
    (root / "tumour" / "2.png").symlink_to(root / "oedema" / "2.png")
    Image.fromarray(picture(99)).save(root / "oedema" / "4.png")  # another slice of the same name
    return root


def test_one_folder_a_label_set(home, label_folders):
    imported = take(home, label_folders, separator="+")
    dataset = imported.dataset
    assert dataset.label_names == ("oedema", "tumour") and dataset.header.slices == 21
    labels = dict(zip(dataset.index["id"], dataset.truth.tolist(), strict=True))
    assert labels["oedema/0.png"] == labels["oedema/2.png"] == labels["oedema+tumour/1.png"] == [1, 1]
    assert (labels["oedema/4.png"], labels["tumour/4.png"], labels["no finding/3.png"]) == ([1, 0], [0, 1], [0, 0])
    assert [one.reason for one in imported.summary.left_out] == ["duplicate"] * 2
    assert take(home, label_folders, "untold").dataset.label_names == ("oedema", "oedema+tumour", "tumour")


def test_label_folders_inside_splits(home, label_folders, tmp_path):
    root = tmp_path / "parted"
    for split, label in (("train", "oedema"), ("train", "no finding"), ("val", "oedema+tumour"), ("test", "tumour")):
        (root / split).mkdir(parents=True, exist_ok=True)
        (label_folders / label).rename(root / split / label)
    (root / "test" / "tumour" / "2.png").unlink()  # its link leads nowhere now
    dataset = take(home, root, separator="+").dataset
    assert dataset.label_names == ("oedema", "tumour")
    of = dict(zip(dataset.index["id"], dataset.index["split"], strict=True))
    assert of["test/tumour/4.png"] == "test" and of["val/oedema+tumour/1.png"] == "validation"
    assert [of[f"train/no finding/{i}.png"] for i in (3, 7)] == ["train"] * 2


def pack(folder: Path, place: Path, extra=()) -> Path:
    with zipfile.ZipFile(place, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder.parent))
        for member, text in extra:
            archive.writestr(member, text)
    return place


def test_a_zip_is_what_it_holds(home, folder, write, tmp_path):
    (folder / "labels.csv").write_text(lines())
    expected = take(home, folder, "unpacked").dataset
    imported = take(home, pack(folder, tmp_path / "in.zip"), "zipped")
    assert imported.dataset.fingerprint == expected.fingerprint
    assert imported.dataset.header.provenance["source"] == "table"
    np.testing.assert_array_equal(imported.dataset.pixels[3], picture(3))
    assert list(imported.dataset.index["id"]) == [name(i) for i in range(COUNT)]


def test_what_was_unpacked_is_removed_even_after_a_kill(home, folder, tmp_path, monkeypatch):
    (folder / "labels.csv").write_text(lines())
    place = pack(folder, tmp_path / "in.zip")
    there = tmp_path / "temporary"
    there.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(there))
    code = f"""
import os, signal
from pathlib import Path
from mri_core.datasets.importing.zipped import unpacked
with unpacked(Path({str(place)!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"TMPDIR": str(there)})
    assert len(list(there.iterdir())) == 1
    take(home, place)
    assert list(there.iterdir()) == []


def _link() -> zipfile.ZipInfo:
    link = zipfile.ZipInfo("pictures/link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    return link


BAD_ZIPS = {
    "above": ("../out.png", "", "would write to '../out.png'"),
    "from the root": ("/etc/out.png", "", "would write to '/etc/out.png'"),
    "another system's path": ("..\\out.png", "", "would write to"),
    "a link": (_link(), "/etc/passwd", "holds a link"),
    "a zip in it": ("inner.zip", "", "holds another archive, 'inner.zip'"),
}


@pytest.mark.parametrize("case", BAD_ZIPS)
def test_zips_that_would_do_harm_are_refused(home, folder, tmp_path, case):
    member, text, said = BAD_ZIPS[case]
    (folder / "labels.csv").write_text(lines())
    with pytest.raises(InvalidInput, match=said):
        take(home, pack(folder, tmp_path / "in.zip", [(member, text)]))
    assert list_datasets(home) == []


def test_zips_that_inflate_beyond_reason_or_are_cut_short(home, folder, tmp_path, monkeypatch):
    (folder / "labels.csv").write_text(lines())
    place = pack(folder, tmp_path / "in.zip")
    monkeypatch.setattr(zipped, "MOST_MEMBERS", 5)
    with pytest.raises(InvalidInput, match="expected at most 5"):
        take(home, place)
    monkeypatch.undo()
    monkeypatch.setenv("MRI_HOME", str(home.root))
    monkeypatch.setattr(zipped, "_ALWAYS", 0)
    monkeypatch.setattr(zipped, "MOST_INFLATED", 0.1)
    with pytest.raises(InvalidInput, match="that is no set of images"):
        take(home, place)
    place.write_bytes(place.read_bytes()[:-30])
    with pytest.raises(InvalidInput, match="is damaged or encrypted"):
        take(home, place)


def test_every_source_is_recognised_in_its_order(tmp_path, competition, label_folders, folder):
    (folder / "labels.csv").write_text(lines())
    np.savez(tmp_path / "in.npz", **medmnist(MULTI))
    places = {"arrays": tmp_path / "in.npz", "splits": competition, "table": folder, "folders": label_folders}
    for kind, place in places.items():
        assert find_source(place, Choices()) == kind and SOURCES[kind].summary
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match=r"is not recognised; expected .* Name the table of labels with --labels"):
        find_source(tmp_path / "empty", Choices())
