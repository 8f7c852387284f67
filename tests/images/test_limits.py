from __future__ import annotations

import gzip
import zlib

import pytest

from mri_core.errors import ImageError
from mri_core.images.limits import (
    MAX_FILE_PIXELS,
    MAX_SLICE_PIXELS,
    MAX_SLICES,
    base_name,
    check_size,
    inflate,
    refusing,
    source_names,
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.png", "a.png"),
        ("/x/y/a.png", "a.png"),
        ("C:\\x\\a.png", "a.png"),
        ("a\tb\x1b.png", "a?b?.png"),
        ("ä.nii", "ä.nii"),
    ],
)
def test_base_name(name, shown):
    assert base_name(name) == shown


def test_source_names():
    assert source_names("x/a.png", 1) == ["a.png"]
    assert source_names("a.nii", 2) == ["a.nii [slice 1 of 2]", "a.nii [slice 2 of 2]"]


@pytest.mark.parametrize("size", [(1, 1, 1), (4096, 4096, 8), (512, 512, 512), (1, 1, MAX_SLICES)])
def test_sizes_within_the_limits_pass(size):
    check_size("a", *size)


@pytest.mark.parametrize(
    "size",
    [
        *((0, 5, 1), (5, 0, 1), (5, 5, 0), (5, 5, -1)),
        *((MAX_SLICE_PIXELS + 1, 1, 1), (65535, 65535, 1), (1, 1, MAX_SLICES + 1)),
        (4096, 4096, MAX_FILE_PIXELS // 4096**2 + 1),
    ],
)
def test_sizes_beyond_the_limits_are_refused(size):
    with pytest.raises(ImageError, match=r"^a: its header declares .*; expected at "):
        check_size("x/a", *size)


def deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


STREAMS = {31: gzip.compress, -15: deflate}


@pytest.mark.parametrize("bits", STREAMS)
def test_inflate(bits, monkeypatch):
    data = bytes(range(256)) * 40
    packed = STREAMS[bits](data)
    assert inflate(packed, bits, "a") == data
    assert inflate(packed + b"\x00", bits, "a") == data  # both formats pad
    for cut in range(len(packed)):
        with pytest.raises(ImageError, match=r"^a: its compressed data"):
            inflate(packed[:cut], bits, "a")
    monkeypatch.setattr("mri_core.images.limits.MAX_FILE_BYTES", len(data))
    assert inflate(packed, bits, "a") == data
    monkeypatch.setattr("mri_core.images.limits.MAX_FILE_BYTES", len(data) - 1)
    with pytest.raises(ImageError, match=f"inflates to more than {len(data) - 1:,} bytes"):
        inflate(packed, bits, "a")


def test_inflate_reads_every_member_of_a_gzip_file_within_one_limit(monkeypatch):
    members = gzip.compress(b"one ") + gzip.compress(b"two")
    assert inflate(members, 31, "a") == b"one two"
    monkeypatch.setattr("mri_core.images.limits.MAX_FILE_BYTES", 6)
    with pytest.raises(ImageError, match="more than 6 bytes"):
        inflate(members, 31, "a")


def test_refusing_hides_the_librarys_text_and_lets_other_errors_through():
    with (
        pytest.raises(ImageError, match=r"^a: it is broken; expected something$") as caught,
        refusing("a", "it is broken", "something"),
    ):
        raise ValueError("Doe^Jane")
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(MemoryError), refusing("a", "it is broken"):
        raise MemoryError
    with pytest.raises(ImageError, match="already refused"), refusing("a", "it is broken"):
        raise ImageError("already refused")
