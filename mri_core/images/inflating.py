"""Inflation that cannot run away: compressed bytes are taken in pieces, and what comes out is counted."""

from __future__ import annotations

import io
import zlib

from mri_core.images.limits import refuse, refusing

_PIECE = 2**16  # compressed bytes that are looked at at once
_MEMBERS = 2**14  # of a gzip file, twice what bgzip makes of half a gigabyte; each costs time, even an empty one


def inflate(data: bytes, window_bits: int, name: str, most: int, expected: str) -> bytes:
    """Inflate `data`, never holding much more than `most` bytes.

    window_bits: as for `zlib.decompressobj`; 31 reads gzip (also of several members), -15 a bare deflate stream.
    expected: says why `most` is the limit.
    Raises ImageError for a stream that is damaged, cut short or longer than that.
    """
    held = io.BytesIO()
    at = 0
    for _ in range(_MEMBERS):
        stream = zlib.decompressobj(window_bits)
        while not stream.eof:
            piece = stream.unconsumed_tail
            if not piece:
                piece = data[at : at + _PIECE]
                at += len(piece)
            if not piece:
                raise refuse(name, "its compressed data end too early", "a complete file")
            with refusing(name, "its compressed data are damaged"):
                held.write(stream.decompress(piece, most + 1 - held.tell()))
            if held.tell() > most:
                raise refuse(name, f"it inflates to more than {most:,} bytes", expected)
        at -= len(stream.unused_data)
        if window_bits != 31 or data[at : at + 2] != b"\x1f\x8b":
            return held.getvalue()
    raise refuse(name, f"it consists of more than {_MEMBERS:,} compressed parts", "fewer")


def inflate_head(data: bytes, window_bits: int, name: str, size: int) -> bytes:
    """The first `size` bytes, or fewer where there are no more, of what `data` inflates to. Raises ImageError."""
    with refusing(name, "its compressed data are damaged"):
        return zlib.decompressobj(window_bits).decompress(data[:_PIECE], size)
