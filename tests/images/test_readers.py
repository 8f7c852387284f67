"""Every reader of the table: a valid file gives its pixels back, and only ImageError leaves for anything else."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.uid import DeflatedExplicitVRLittleEndian

from mri_core.errors import ImageError
from mri_core.images import READERS, read_file, read_slices

PIXELS = np.random.default_rng(3).integers(0, 256, (24, 16), dtype=np.uint8)
PIXELS[0, :2] = 0, 255  # so that a percentile window from 0 to 100 would change nothing


def pillow(kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, kind, **options)
    return buffer.getvalue()


def dicom() -> bytes:
    dataset = pydicom.dcmread(str(get_testdata_file("MR_small.dcm", download=False)))
    dataset.Rows, dataset.Columns = PIXELS.shape
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.WindowCenter, dataset.WindowWidth = 128, 256
    del dataset.SmallestImagePixelValue, dataset.LargestImagePixelValue
    dataset.PixelData = PIXELS.tobytes()
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def nifti() -> bytes:
    # The file's axes run right-to-left and front-to-back, so its voxels lie as the image does.
    volume = PIXELS.T[..., np.newaxis]
    return nibabel.Nifti1Image(volume, np.diag([-1, -1, 1, 1])).to_bytes()


def npy(pixels: np.ndarray = PIXELS) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    return buffer.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


VALID = {
    ".png": pillow("PNG"),
    ".jpg": pillow("JPEG", quality=100),
    ".jpeg": pillow("JPEG", quality=100),
    ".tif": pillow("TIFF"),
    ".tiff": pillow("TIFF", compression="tiff_lzw"),
    ".bmp": pillow("BMP"),
    ".webp": pillow("WEBP", lossless=True),
    ".dcm": dicom(),
    ".dicom": dicom(),
    ".nii": nifti(),
    ".nii.gz": gzip.compress(nifti()),
    ".npy": npy(),
    ".npz": npz(slices=PIXELS),
}
TOLERANCE = {".jpg": 3, ".jpeg": 3, ".nii": 3, ".nii.gz": 3}  # lossy, or through the percentile window


def shipped(name: str) -> bytes:
    return Path(str(get_testdata_file(name, download=False))).read_bytes()


def deflated() -> bytes:
    dataset = pydicom.dcmread(str(get_testdata_file("MR_small.dcm", download=False)))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def stack() -> bytes:
    pages = [Image.fromarray(PIXELS.astype(np.uint16) * 100 + page) for page in range(3)]
    buffer = io.BytesIO()
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:], compression="tiff_adobe_deflate")
    return buffer.getvalue()


MORE_KINDS = {
    "stack.tif": stack(),
    "palette.png": pillow("PNG", bits=4),
    "rle.dcm": shipped("MR_small_RLE.dcm"),
    "jpeg.dcm": shipped("SC_rgb_small_odd_jpeg.dcm"),
    "jpeg-ls.dcm": shipped("MR_small_jpeg_ls_lossless.dcm"),
    "jpeg-2000.dcm": shipped("MR_small_jp2klossless.dcm"),
    "frames.dcm": shipped("SC_rgb_rle_2frame.dcm"),
    "big-endian.dcm": shipped("MR_small_bigendian.dcm"),
    "deflated.dcm": deflated(),
    "float.npy": npy(np.linspace(-1, 1, 120).reshape(4, 5, 6)),
    "several.npz": npz(one=PIXELS, two=PIXELS.astype(np.int16), labels=np.arange(3)),
    "webp.webp": pillow("WEBP", quality=50),
    "float.nii": nibabel.Nifti2Image(np.ones((5, 6, 7, 2)), np.eye(4)).to_bytes(),
}
FILES = {f"scan{suffix}": data for suffix, data in VALID.items()} | MORE_KINDS


def test_every_reader_is_tested():
    assert VALID.keys() == READERS.keys()


@pytest.mark.parametrize("suffix", READERS)
def test_a_valid_file_gives_its_pixels_back(suffix):
    (found,) = READERS[suffix](VALID[suffix], f"scan{suffix}")
    assert found.pixels.shape == PIXELS.shape
    assert found.pixels.dtype == np.uint8
    assert np.abs(found.pixels.astype(int) - PIXELS).max() <= TOLERANCE.get(suffix, 0)
    assert found.source.startswith(f"scan{suffix}")


@pytest.mark.parametrize("name", FILES)
def test_reading_twice_gives_the_same(name):
    once, again = (read_slices(FILES[name], name) for _ in range(2))
    assert [one.source for one in once] == [one.source for one in again]
    assert all(np.array_equal(one.pixels, two.pixels) for one, two in zip(once, again, strict=True))


@pytest.mark.parametrize("through", ["reader", "read_slices"])
@pytest.mark.parametrize(
    "data",
    [b"", b"\x00", b"patient,label\n1,2\n" * 40, b"\x00" * 1000, bytes(range(256)) * 8],
    ids=["empty", "one byte", "text", "zeros", "bytes"],
)
@pytest.mark.parametrize("suffix", READERS)
def test_what_is_not_an_image_is_refused_in_one_line(suffix, data, through):
    with pytest.raises(ImageError) as caught:
        {"reader": READERS[suffix], "read_slices": read_slices}[through](data, f"/home/someone/scan{suffix}")
    message = str(caught.value)
    assert message.startswith(f"scan{suffix}: ")
    assert "; expected " in message
    assert "\n" not in message and "someone" not in message


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_a_truncated_file_is_refused(name, share):
    data = FILES[name]
    with pytest.raises(ImageError, match=f"^{name}: "):
        read_slices(data[: int(len(data) * share)], name)


def mutate(data: bytes, random: np.random.Generator) -> bytes:
    """A few bytes changed, mostly among the first where headers are; one time in four the end is cut off too."""
    changed = bytearray(data)
    for _ in range(random.integers(1, 8)):
        reach = len(data) if random.random() < 0.5 else min(len(data), 400)
        changed[random.integers(reach)] = random.choice([0, 1, 127, 128, 255, int(random.integers(256))])
    return bytes(changed[: random.integers(len(data))] if random.random() < 0.25 else changed)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_gives_slices_or_an_image_error(name):
    random = np.random.default_rng(list(name.encode()))
    refused = 0
    for _ in range(300):
        try:
            found = read_slices(mutate(FILES[name], random), name)
        except ImageError as error:
            refused += 1
            assert "\n" not in str(error)
        else:
            assert found and all(one.pixels.dtype == np.uint8 and one.pixels.size for one in found)
    assert refused > 0


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("name", ["scan.png", "scan.dcm", "scan.nii", "scan.txt", "scan", "SCAN.JPG"])
def test_content_wins_over_the_suffix(suffix, name):
    (found,) = read_slices(VALID[suffix], name)
    assert np.array_equal(found.pixels, READERS[suffix](VALID[suffix], name)[0].pixels)


def test_a_dicom_file_that_is_also_a_tiff_is_read_as_dicom():
    data = b"II*\x00" + VALID[".dcm"][4:]
    assert np.array_equal(read_slices(data, "both.tif")[0].pixels, PIXELS)


def test_an_unknown_kind_is_told_what_is_accepted():
    with pytest.raises(ImageError, match=r"^notes\.txt: .*PNG, JPEG, TIFF, BMP, WebP, DICOM .*, NIfTI .* or NumPy"):
        read_slices(b"some notes", "notes.txt")


def test_only_the_last_part_of_a_name_is_shown():
    assert read_slices(VALID[".png"], "C:\\patients\\doe\\a.png")[0].source == "a.png"
    with pytest.raises(ImageError, match=r"^a\?b\.png: "):
        read_slices(b"", "/patients/doe/a\nb.png")


def test_read_file(tmp_path, limit):
    path = tmp_path / "scan.png"
    path.write_bytes(VALID[".png"])
    (found,) = read_file(path)
    assert np.array_equal(found.pixels, PIXELS)
    assert found.source == "scan.png"
    assert np.array_equal(read_file(str(path))[0].pixels, PIXELS)
    for unreadable, words in ((tmp_path, "folder"), (tmp_path / "missing.png", "no such file")):
        with pytest.raises(ImageError, match=rf"^{unreadable.name}: .*{words}"):
            read_file(unreadable)
    limit(own_file_mb=1)
    path.write_bytes(bytes(2**20 + 1))
    for attempt in (lambda: read_file(path), lambda: read_slices(path.read_bytes(), "scan.png")):
        with pytest.raises(ImageError, match=r"1,048,577 bytes; expected at most 1 MB a file \(MRI_MAX_OWN_FILE_MB\)"):
            attempt()


def test_importing_the_package_loads_no_format_library():
    libraries = {"PIL", "pydicom", "nibabel", "gdcm", "scipy", "pandas"}
    code = f"import sys, mri_core.images; print(*{libraries} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == ""


def test_an_archive_is_no_image():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.png", VALID[".png"])
    for name in ("files.zip", "scan.png", "scan.npz"):
        with pytest.raises(ImageError, match=rf"^{name}: it is a zip of files; expected the files themselves"):
            read_slices(buffer.getvalue(), name)
