from __future__ import annotations

import gzip
import io
import itertools
from pathlib import Path

import nibabel
import numpy as np
import pytest
from nibabel.testing import data_path

from mri_core.errors import ImageError
from mri_core.images.nifti import read_nifti

RANDOM = np.random.default_rng(2)
VOLUME = RANDOM.integers(-500, 3000, (5, 6, 7)).astype(np.int16)  # right, anterior, superior
AFFINE = np.array([[2, 0, 0, -10], [0, 3, 0, -20], [0, 0, 4, -30], [0, 0, 0, 1]], float)


def encode(volume: np.ndarray, affine: np.ndarray = AFFINE, kind: type = nibabel.Nifti1Image) -> bytes:
    return kind(volume, affine).to_bytes()


def pixels(data: bytes) -> np.ndarray:
    return np.stack([one.pixels for one in read_nifti(data, "scan.nii")])


def expected(volume: np.ndarray) -> np.ndarray:
    """Slices of a RAS volume by their definition, voxel by voxel."""
    low, high = np.percentile(volume, [0.5, 99.5])
    shown = np.rint(np.clip((volume - low) / (high - low) * 255, 0, 255)).astype(np.uint8)
    width, height, depth = volume.shape
    found = np.empty((depth, height, width), np.uint8)
    for right, anterior, superior in np.ndindex(volume.shape):
        found[superior, height - 1 - anterior, width - 1 - right] = shown[right, anterior, superior]
    return found


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, ">i2", np.int32, np.float32, np.float64])
def test_slices_against_their_definition(kind, dtype):
    volume = (VOLUME // 16 + 40).astype(dtype)
    found = pixels(encode(volume, kind=kind))
    assert np.abs(found.astype(int) - expected(volume)).max() <= 1


def test_a_radiologist_sees_the_patients_right_on_the_left_and_the_front_at_the_top():
    volume = np.zeros((11, 11, 5))
    volume[9, 5, 1] = 1000  # right
    volume[5, 9, 1] = 500  # front
    middle = pixels(encode(volume))[1]
    assert middle[5, 1] == 255
    assert middle[1, 5] == 128
    assert not pixels(encode(volume))[[0, 2, 3, 4]].any()


@pytest.mark.parametrize("axes", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("signs", list(itertools.product([1, -1], repeat=3)))
def test_however_the_volume_is_stored_the_slices_are_the_same(axes, signs):
    start = [[axis, sign] for axis, sign in zip(axes, signs, strict=True)]
    turn = nibabel.orientations.ornt_transform([[0, 1], [1, 1], [2, 1]], start)
    stored = nibabel.Nifti1Image(VOLUME, AFFINE).as_reoriented(turn)
    found, straight = read_nifti(stored.to_bytes(), "a.nii"), read_nifti(encode(VOLUME), "a.nii")
    assert all(np.array_equal(one.pixels, two.pixels) for one, two in zip(found, straight, strict=True))
    assert [one.position for one in found] == pytest.approx([one.position for one in straight])


def test_positions_are_millimetres_towards_the_head():
    found = read_nifti(encode(VOLUME), "x/scan.nii")
    assert [one.position for one in found] == [-30, -26, -22, -18, -14, -10, -6]
    assert [one.source for one in found] == [f"scan.nii [slice {number} of 7]" for number in range(1, 8)]
    assert {one.patient for one in found} == {None}


def test_positions_of_a_tilted_volume_lie_along_its_normal():
    angle = np.deg2rad(20)
    tilt = np.eye(4)
    tilt[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    found = read_nifti(encode(VOLUME, tilt @ AFFINE), "a.nii")
    assert [one.position for one in found] == pytest.approx([-30, -26, -22, -18, -14, -10, -6], abs=1e-4)


def test_rescaled_values_are_read_rescaled():
    image = nibabel.Nifti1Image(VOLUME.astype(float) * -0.5 + 3, AFFINE)
    image.set_data_dtype(np.int16)
    found = pixels(image.to_bytes())
    assert np.abs(found.astype(int) - expected(-VOLUME.astype(float))).max() <= 1


def test_of_several_volumes_the_first_is_read_and_named():
    several = np.stack([VOLUME, VOLUME[::-1], VOLUME * 2], axis=-1)
    found = read_nifti(encode(several), "bold.nii")
    assert np.array_equal(np.stack([one.pixels for one in found]), expected(VOLUME))
    assert found[2].source == "bold.nii [slice 3 of 7, first of 3 volumes]"


def test_a_single_slice():
    for volume in (VOLUME[:, :, 0], VOLUME[:, :, :1]):
        (found,) = read_nifti(encode(volume), "a.nii")
        assert np.array_equal(found.pixels, expected(VOLUME[:, :, :1])[0])
        assert found.source == "a.nii"


def test_missing_voxels_are_black():
    volume = VOLUME.astype(np.float32)
    volume[0] = np.nan
    found = pixels(encode(volume))
    assert not found[:, :, -1].any()
    assert found[:, :, :-1].any()


SHIPPED = ["anatomical.nii", "functional.nii", "example4d.nii.gz", "example_nifti2.nii.gz", "standard.nii.gz"]


@pytest.mark.parametrize("name", SHIPPED)
def test_files_shipped_with_nibabel(name):
    path = Path(str(data_path)) / name
    canonical = nibabel.as_closest_canonical(nibabel.load(path))
    volume = np.asarray(canonical.dataobj)
    volume = volume if volume.ndim == 3 else volume[..., 0]
    found = read_nifti(path.read_bytes(), name)
    assert np.abs(np.stack([one.pixels for one in found]).astype(int) - expected(volume)).max() <= 1
    steps = np.diff([one.position for one in found])
    assert steps == pytest.approx(canonical.header.get_zooms()[2], rel=1e-3)


def lying(field: str, value: object, kind: type = nibabel.Nifti1Image) -> bytes:
    image = kind(VOLUME, AFFINE)
    data = bytearray(image.to_bytes())
    header = image.header.__class__.from_fileobj(io.BytesIO(data), check=False)
    header[field] = value
    data[: len(header.binaryblock)] = header.binaryblock
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        lying("dim", [3, 32767, 32767, 32767, 1, 1, 1, 1]),
        lying("dim", [7, 32767, 32767, 32767, 32767, 32767, 32767, 32767]),
        lying("dim", [3, 2**40, 2**40, 2**40, 1, 1, 1, 1], nibabel.Nifti2Image),
        lying("dim", [3, -5, 6, 7, 1, 1, 1, 1]),
        lying("dim", [3, 0, 6, 7, 1, 1, 1, 1]),
        lying("dim", [0, 5, 6, 7, 1, 1, 1, 1]),
        lying("dim", [1, 5, 6, 7, 1, 1, 1, 1]),
        lying("dim", [3, 5, 6, 8, 1, 1, 1, 1]),
        lying("vox_offset", 1e9),
        lying("vox_offset", np.nan),
        lying("vox_offset", -4),
        lying("datatype", 9999),
        lying("srow_x", [np.nan] * 4),
        lying("srow_x", [np.inf, 0, 0, 0]),
        lying("srow_z", [0, 0, 0, 0]),
        lying("magic", b"ni1"),
        encode(VOLUME)[:-1],
        encode(VOLUME.astype(np.complex64)),
        encode(np.zeros((3, 3, 3), [("R", "u1"), ("G", "u1"), ("B", "u1")])),
    ],
)
def test_a_header_that_lies_is_refused(data):
    for content in (data, gzip.compress(data)):
        with pytest.raises(ImageError, match=r"^scan\.nii: .*; expected "):
            read_nifti(content, "scan.nii")


def test_a_volume_beyond_the_limits_is_refused_though_its_bytes_are_there(limit) -> None:
    limit(file_pixels=VOLUME.size - 1)
    with pytest.raises(ImageError, match="pixels a file"):
        read_nifti(encode(VOLUME), "a.nii")


def test_a_compressed_volume_is_inflated_no_further_than_its_header_promises(limit) -> None:
    assert len(read_nifti(gzip.compress(encode(VOLUME) + bytes(100)), "a.nii.gz")) == 7
    with pytest.raises(ImageError, match=r"inflates to more than .* as its header promises"):
        read_nifti(gzip.compress(encode(VOLUME) + bytes(2**20)), "a.nii.gz")
    limit(inflated_mb=1)
    large = lying("dim", [4, 5, 6, 7, 10_000, 1, 1, 1])
    with pytest.raises(ImageError, match=r"promises 4,200,352 bytes; expected at most 1 MB when inflated"):
        read_nifti(gzip.compress(large), "a.nii.gz")


@pytest.mark.parametrize("volumes", [(3,), (2, 2)], ids=["4-D", "5-D"])
def test_of_a_compressed_series_the_first_volume_is_read(volumes: tuple[int, ...]) -> None:
    several = np.stack([VOLUME + number for number in range(np.prod(volumes))], axis=-1)
    data = encode(several.reshape(*VOLUME.shape, *volumes))
    found = read_nifti(gzip.compress(data), "bold.nii.gz")
    assert np.array_equal(np.stack([one.pixels for one in found]), expected(VOLUME))
    assert found[0].source == f"bold.nii.gz [slice 1 of 7, first of {np.prod(volumes)} volumes]"
    with pytest.raises(ImageError, match="promises"):
        read_nifti(gzip.compress(data[:-1]), "bold.nii.gz")
