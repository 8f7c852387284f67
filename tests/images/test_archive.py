"""Zips: what is in them comes out; what lies or is hidden does not."""

from __future__ import annotations

import io
import random
import struct
import zipfile

import numpy as np
import pytest
from bombs import directory_of, npy, picture, says, zipped

from mri_core.errors import ImageError
from mri_core.images.archive import is_archive, is_npz, unpack

FILES = {"a.png": picture("PNG"), "series/1/x.dcm": random.Random(0).randbytes(3 * 2**20), "ä empty.nii": b""}


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_files_in_it_come_out(kind: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        archive.mkdir("series")
        for path, contents in FILES.items():
            archive.writestr(path, contents)
        archive.comment = b"made by a test"
    assert is_archive(buffer.getvalue())
    assert dict(unpack(buffer.getvalue(), "files.zip")) == FILES


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/./passwd", "etc/passwd"),
        ("a\\..\\..\\b.png", "a/b.png"),
        ("C:\\x\\b.png", "C:/x/b.png"),
        ("a//b.png", "a/b.png"),
        ("a\nb\x1b[31m.png", "a?b?[31m.png"),
        ("<script>.png", "<script>.png"),
        ("x" * 60_000 + ".png", "…" + "x" * 115 + ".png"),
    ],
)
def test_a_path_leads_nowhere_and_fits_a_line(path: str, shown: str) -> None:
    assert [found for found, _ in unpack(zipped((path, b"x")), "a.zip")] == [shown]


@pytest.mark.parametrize("path", ["__MACOSX/._a.png", "a/.DS_Store", ".hidden/a.png", "folder/", "..", "a/../", "~"])
def test_hidden_files_and_folders_are_left_out(path: str) -> None:
    data, alone = (zipped((path, b""), *more).replace(b"~", b"\x00") for more in ([("b.png", b"x")], []))  # ~: no name
    assert [found for found, _ in unpack(data, "a.zip")] == ["b.png"]
    with pytest.raises(ImageError, match=r"^a\.zip: there is no file in it; expected a complete zip of image files"):
        list(unpack(alone, "/x/a.zip"))


def test_a_zip_of_arrays_is_a_file_of_slices_and_not_an_archive() -> None:
    arrays = zipped(("a.npy", npy((2, 2), behind=4)), ("b.npy", npy((2, 2), behind=4)))
    assert is_npz(arrays) and not is_archive(arrays)
    assert not is_npz(zipped(("a.png", b""))) and not is_npz(b"") and not is_archive(b"")
    empty = zipped()
    assert is_archive(empty)
    with pytest.raises(ImageError, match="there is no file in it"):
        list(unpack(empty, "a.zip"))


def encrypted(data: bytes) -> bytes:
    """A zip whose only file has the flag of encryption, in both places that say so."""
    changed = bytearray(data)
    for place in (6, data.index(b"PK\x01\x02") + 8):
        changed[place] |= 1
    return bytes(changed)


ONE = zipped(("one.png", bytes(100)))
REFUSED = {
    "encrypted": (encrypted(ONE), r"one\.png in it is encrypted; expected .* without a password"),
    "packed otherwise": (ONE.replace(struct.pack("<HH", 0, 8), struct.pack("<HH", 0, 14)), "packed in a rare way"),
    "cut short": (ONE[:-5], "table of contents is damaged"),
    "half": (ONE[:40], "table of contents is damaged"),
    "damaged": (ONE.replace(ONE[37:39], b"\xff\xff", 1), r"one\.png in it is damaged"),
    "other name inside": (ONE.replace(b"one.png", b"two.png", 1), r"one\.png in it is damaged"),
    "longer than declared": (says(ONE, 99), r"one\.png in it is damaged"),
    "same bytes twice": (directory_of(zipped(("one.png", random.Random(3).randbytes(999))), 4), "lie over each other"),
    "newer than is known": (ONE.replace(b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\xff"), "table of contents"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_said(case: str) -> None:
    data, said = REFUSED[case]
    assert data != ONE
    with pytest.raises(ImageError, match=rf"^a\.zip: .*{said}") as caught:
        list(unpack(data, "x/a.zip"))
    assert "; expected " in str(caught.value)


def test_limits_are_shown_with_what_sets_them(limit) -> None:
    limit(files=2, inflated_mb=2, file_mb=1, ratio=10)
    noise = random.Random(2).randbytes(2**20 + 2**19)
    for members, said in (
        ([("a", b""), ("b", b""), ("c", b"")], r"holds 3 files; expected at most 2 files at once \(MRI_MAX_FILES\)"),
        ([("a", noise), ("b", noise)], r"declare 3,145,728 bytes; .* 2 MB when inflated \(MRI_MAX_INFLATED_MB\)"),
        ([("a", bytes(2**20 + 1))], r"declare 1,048,577 bytes, .* 10 times the size it has \(MRI_MAX_RATIO\)"),
    ):
        with pytest.raises(ImageError, match=said):
            list(unpack(zipped(*members), "a.zip"))
    assert len(list(unpack(zipped(("a", noise), ("b", bytes(2**18))), "a.zip"))) == 2


def test_a_damaged_zip_gives_files_or_an_image_error() -> None:
    data = zipped(("a.png", FILES["a.png"]), ("b/c.dcm", bytes(range(256)) * 4))
    random_bytes = np.random.default_rng(5)
    refused = 0
    for _ in range(2000):
        changed = bytearray(data)
        for place in random_bytes.integers(len(data), size=random_bytes.integers(1, 6)):
            changed[place] = random_bytes.integers(256)
        try:
            list(
                unpack(bytes(changed[: random_bytes.integers(len(data)) if random_bytes.random() < 0.1 else None]), "a")
            )
        except ImageError:
            refused += 1
    assert 1000 < refused < 2000
