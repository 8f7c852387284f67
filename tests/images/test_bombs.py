"""Files that are small and become huge: refused elsewhere, in words, while this process stays as it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from bombs import BOMBS, nested, picture

from mri_core.errors import ImageError
from mri_core.images.apart import read_apart, unpack_apart
from mri_core.images.archive import is_archive

MOST = 32 * 2**20


@pytest.fixture(autouse=True)
def grown() -> Iterator[list[int]]:
    """By how many bytes this process is ever larger than it was when a test's file was there."""
    before: list[int] = []
    yield before
    assert peak() - before[0] < MOST


def memory() -> int:
    """The bytes of this process, whose peak counts from now on."""
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """The most bytes that this process has had; elsewhere than on Linux those it has."""
    if sys.platform != "linux":
        return psutil.Process().memory_info().rss
    told = Path("/proc/self/status").read_text().partition("VmHWM:")[2]
    return int(told.split()[0]) * 1024


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb_goes_off_elsewhere(case: str, grown: list[int]) -> None:
    data = BOMBS[case]()
    grown.append(memory())
    with pytest.raises(ImageError, match=r"^bomb\.x: .*; expected ") as caught:
        (unpack_apart if is_archive(data) else read_apart)(data, "folder/bomb.x")
    assert "ended the reader" not in str(caught.value)


def test_the_peak_is_seen(grown: list[int]) -> None:
    before = memory()
    bytes(bytearray(b"x") * (2 * MOST))
    assert sys.platform != "linux" or peak() - before > MOST
    grown.append(memory())


def test_the_zips_in_a_zip_stay_packed(grown: list[int]) -> None:
    data = nested()
    grown.append(memory())
    members = unpack_apart(data, "nested.zip")
    assert [path for path, _ in members] == [f"folder/{number}.zip" for number in range(16)]
    for path, contents in members:
        with pytest.raises(
            ImageError, match=r"^\d+\.zip: it is a zip of files; .* a zip within a file is not unpacked$"
        ):
            read_apart(contents, path)


@pytest.mark.parametrize("read", [read_apart, unpack_apart])
def test_a_file_of_more_than_a_strangers_megabytes_is_not_looked_at(read, grown: list[int]) -> None:
    data = picture("PNG") + bytes(64 * 2**20)
    grown.append(memory())
    with pytest.raises(
        ImageError, match=r"^a\.png: the file has 67,108,\d+ bytes; .* 64 MB a file \(MRI_MAX_FILE_MB\)$"
    ):
        read(data, "a.png")
