"""NIfTI volumes with masks or tables: made ones, nibabel's own, and the MNI152 head with its grey matter."""

from __future__ import annotations

import os
from pathlib import Path

import nibabel
import nilearn.datasets
import numpy as np
import pytest

from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import Recipe, import_source, make_plan
from mri_core.errors import InvalidInput
from mri_core.images import Preprocessing, nifti, prepare, read_file

RECIPE = Recipe((16, 16))
CORONAL = Preprocessing(axis="coronal")


def save(path: Path, voxels: np.ndarray, affine: np.ndarray | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.Nifti1Image(voxels, np.eye(4) if affine is None else affine).to_filename(path)


@pytest.fixture
def scans(tmp_path) -> Path:
    """Six volumes of 8 × 9 × 10 voxels whose masks hold 1 in one voxel of slice 3 and 2 in six voxels of slice 4."""
    random = np.random.default_rng(0)
    mask = np.zeros((8, 9, 10), np.int16)
    mask[0, 0, 3] = 1
    mask[1, :6, 4] = 2
    for number in range(6):
        save(tmp_path / "scans" / f"v{number}.nii.gz", random.integers(0, 1000, (8, 9, 10)).astype(np.int16))
        save(tmp_path / "scans" / f"v{number}_mask.nii.gz", mask)
    return tmp_path / "scans"


def test_masks_turn_into_labels_of_slices(home, scans):
    kind, plan = make_plan(scans, Choices())
    assert (kind, plan.total, plan.at_once) == ("volumes", 60, 1)
    dataset = import_source(home, "mine", scans, recipe=RECIPE).dataset
    assert dataset.label_names == ("mask 1", "mask 2") and dataset.header.slices == 60 and dataset.header.patients == 6
    np.testing.assert_array_equal(dataset.truth, [[i % 10 == 3, i % 10 == 4] for i in range(60)])
    for number in range(6):
        for i, one in enumerate(read_file(scans / f"v{number}.nii.gz")):
            np.testing.assert_array_equal(dataset.pixels[10 * number + i], prepare(one, (16, 16)))


def test_a_label_is_on_from_a_number_of_pixels_on(home, scans):
    dataset = import_source(home, "mine", scans, Choices(mask_pixels=6), RECIPE).dataset
    assert dataset.truth.sum(axis=0).tolist() == [0, 6]
    assert dataset.header.provenance["mask_pixels"] == 6
    none = import_source(home, "none", scans, Choices(mask_pixels=7), RECIPE).dataset
    assert none.truth.sum() == 0


@pytest.mark.parametrize(("axis", "along", "count"), [("axial", 2, 10), ("coronal", 1, 9), ("sagittal", 0, 8)])
def test_volumes_are_cut_across_any_axis_however_they_lie(home, tmp_path, axis, along, count):
    """Every volume holds along each canonical axis what its place is there, whatever the order of its stored axes."""
    places = np.stack(np.meshgrid(*map(np.arange, (8, 9, 10)), indexing="ij"))[along] * 10
    affine = np.array(
        [[0, -1, 0, 7], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]]
    )  # stored: superior, right to left, anterior
    for number in range(3):
        save(tmp_path / "in" / f"v{number}.nii", places.transpose(2, 0, 1)[:, ::-1].astype(np.int16), affine)
        save(
            tmp_path / "in" / f"v{number}_seg.nii", (places == 30).transpose(2, 0, 1)[:, ::-1].astype(np.uint8), affine
        )
    how = Preprocessing(axis=axis, low=0, high=100)
    dataset = import_source(home, "mine", tmp_path / "in", Choices(preprocessing=how), RECIPE).dataset
    assert dataset.header.slices == 3 * count
    assert dataset.truth[:, 0].tolist() == ([0, 0, 0, 1] + [0] * (count - 4)) * 3
    assert dataset.index["position"].tolist() == list(map(float, range(count))) * 3
    brightest = dataset.pixels[:count].max(axis=(1, 2))
    np.testing.assert_array_equal(brightest, np.rint(np.arange(count) * 255 / (count - 1)))


def test_a_range_of_slices(home, scans):
    dataset = import_source(home, "mine", scans, Choices(slices=(3, 5)), RECIPE).dataset
    assert dataset.header.slices == 12 and dataset.truth.sum(axis=0).tolist() == [6, 6]
    with pytest.raises(InvalidInput, match="no slice of the 6 volumes"):
        import_source(home, "none", scans, Choices(slices=(20, 30)), RECIPE)


def test_a_table_labels_volumes(home, scans, tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("volume,subject,lesion\n" + "".join(f"v{i},s{i // 2},{i % 2}\n" for i in range(6)))
    dataset = import_source(home, "mine", scans, Choices(table), RECIPE).dataset
    assert dataset.truth[:, 0].tolist() == ([0] * 10 + [1] * 10) * 3 and dataset.header.patients == 3


def test_a_table_labels_slices(home, scans, tmp_path):
    table = tmp_path / "labels.csv"
    body = "".join(f"v{i}.nii.gz,{z},{int(z == 5)}\n" for i in range(6) for z in (4, 5))
    table.write_text("file,slice,lesion\n" + body + "v0,10,1\nv9,1,1\nv1,4,1\n")
    imported = import_source(home, "mine", scans, Choices(table), RECIPE)
    assert imported.dataset.truth[:, 0].tolist() == [0, 1, 1] + [0, 1] * 4
    assert imported.dataset.index["id"].iloc[0] == "v0.nii.gz#0004" and imported.dataset.label_names == ("lesion",)
    counts = imported.summary.counts
    assert counts == {"row without a file": 2, "conflicting duplicate": 1}


def test_masks_are_looked_at_in_parts(home, scans, monkeypatch):
    """However large the parts are, whether a mask holds labels, probabilities or something that is no number."""
    whole = import_source(home, "whole", scans, Choices(mask_pixels=6), RECIPE).dataset
    monkeypatch.setattr(nifti, "_PART", 8 * 9 * 3)
    save(scans / "v6.nii", np.arange(720, dtype=np.int16).reshape(8, 9, 10))
    save(scans / "v6_mask.nii", np.linspace(0, 1, 720, dtype=np.float32).reshape(8, 9, 10))
    save(scans / "v7.nii", np.ones((8, 9, 10), np.int16))
    save(scans / "v7_mask.nii", np.full((8, 9, 10), np.nan, np.float32))
    imported = import_source(home, "parts", scans, Choices(mask_pixels=6), RECIPE)
    np.testing.assert_array_equal(imported.dataset.truth[:60], whole.truth)
    assert imported.dataset.truth[60:].tolist() == [[1, 0]] * 10  # half of each slice is above a half
    np.testing.assert_array_equal(imported.dataset.pixels[:60], whole.pixels)
    assert [one.why for one in imported.summary.left_out] == [
        "v7_mask.nii: its voxels are not all numbers; expected a mask of whole numbers, or of probabilities"
    ]


def test_volumes_that_cannot_be_read_or_have_no_fitting_mask(home, scans):
    (scans / "v0.nii.gz").write_bytes(b"\x1f\x8b broken")
    save(scans / "v1_mask.nii.gz", np.ones((8, 9, 11), np.uint8))
    (scans / "v2_mask.nii.gz").unlink()
    os.mkfifo(scans / "v6.nii")
    os.mkfifo(scans / "v6_mask.nii")
    imported = import_source(home, "mine", scans, recipe=RECIPE)
    assert imported.dataset.header.patients == 3
    assert {one.what: one.reason for one in imported.summary.left_out} == {
        "v0.nii.gz": "skipped",
        "v1.nii.gz": "skipped",
        "v2.nii.gz": "file without a row",
        "v6.nii": "skipped",
    }


def test_the_volumes_that_nibabel_ships(home, tmp_path):
    shipped = Path(nibabel.__file__).parent / "tests" / "data"
    names = ["anatomical.nii", "functional.nii", "example4d.nii.gz", "example_nifti2.nii.gz", "standard.nii.gz"]
    (tmp_path / "in").mkdir()
    for name in names:
        (tmp_path / "in" / name).write_bytes((shipped / name).read_bytes())
    (tmp_path / "in" / "labels.csv").write_text(
        "file,lesion\n" + "".join(f"{n},{i % 2}\n" for i, n in enumerate(names))
    )
    dataset = import_source(home, "mine", tmp_path / "in", recipe=RECIPE).dataset
    expected = [prepare(one, (16, 16)) for name in names for one in read_file(shipped / name)]
    np.testing.assert_array_equal(dataset.pixels, expected)


def test_the_mni152_head_with_its_grey_matter(home, tmp_path):
    """The tissue map holds probabilities; its slices have the label from a hundred pixels on."""
    data = Path(nilearn.datasets.__file__).parent / "data"
    for kind, name in (("t1", "head.nii.gz"), ("gm", "head_mask.nii.gz")):
        found = data / f"mni_icbm152_{kind}_tal_nlin_sym_09a_converted.nii.gz"
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(found.read_bytes())
    choices = Choices(mask_pixels=100, slices=(0, 80), preprocessing=CORONAL)
    whole = Recipe((32, 32), fractions={"train": 1.0})
    dataset = import_source(home, "mine", tmp_path / "in", choices, whole).dataset
    grey = nibabel.as_closest_canonical(nibabel.load(tmp_path / "in" / "head_mask.nii.gz")).get_fdata()
    expected = (grey > grey.max() / 2).sum(axis=(0, 2)) >= 100
    np.testing.assert_array_equal(dataset.truth[:, 0], expected[:80])
    assert dataset.label_names == ("mask",) and 0 < dataset.truth.sum() < 80
    assert dataset.header.preprocessing == CORONAL
