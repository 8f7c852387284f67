from __future__ import annotations

import gzip
import random
import zlib

import pytest

from mri_core.errors import ImageError
from mri_core.images import inflating
from mri_core.images.inflating import inflate, inflate_head

DATA = random.Random(1).randbytes(200_000) + bytes(300_000)  # more than one piece when packed


def deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


STREAMS = {31: gzip.compress, -15: deflate}


@pytest.mark.parametrize("bits", STREAMS)
def test_what_was_packed_comes_back(bits: int) -> None:
    packed = STREAMS[bits](DATA)
    assert inflate(packed, bits, "a", len(DATA), "") == DATA
    assert inflate(packed + b"\x00", bits, "a", len(DATA), "") == DATA  # both formats pad
    assert inflate_head(packed, bits, "a", 100) == DATA[:100]
    with pytest.raises(ImageError, match=rf"^a: it inflates to more than {len(DATA) - 1:,} bytes; expected less$"):
        inflate(packed, bits, "a", len(DATA) - 1, "less")


@pytest.mark.parametrize("bits", STREAMS)
def test_what_is_cut_short_is_refused(bits: int) -> None:
    packed = STREAMS[bits](DATA[:500])
    for cut in range(len(packed)):
        with pytest.raises(ImageError, match=r"^a: its compressed data"):
            inflate(packed[:cut], bits, "a", 10**6, "")


def test_damaged_data_are_refused() -> None:
    packed = bytearray(gzip.compress(DATA))
    packed[-6] ^= 1  # of the checksum
    for attempt in (
        lambda: inflate(bytes(packed), 31, "a", 10**6, ""),
        lambda: inflate_head(b"\x1f\x8bno", 31, "a", 9),
    ):
        with pytest.raises(ImageError, match="its compressed data are damaged"):
            attempt()


def test_every_member_of_a_gzip_file_is_read_within_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    members = gzip.compress(b"one ") + gzip.compress(DATA) + gzip.compress(b" three")
    everything = b"one " + DATA + b" three"
    assert inflate(members, 31, "a", len(everything), "") == everything
    with pytest.raises(ImageError, match="more than"):
        inflate(members, 31, "a", len(everything) - 1, "less")
    monkeypatch.setattr(inflating, "_MEMBERS", 2)
    with pytest.raises(ImageError, match="more than 2 compressed parts"):
        inflate(members, 31, "a", 10**6, "")
