"""What a file may be, and how it is refused: limits, one-line errors, inflation that cannot run away.

Headers lie. Every reader compares what a header declares with these limits, and with the bytes that are there, before
it allocates or decodes anything.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from mri_core.errors import ImageError

MAX_FILE_BYTES = 512 * 2**20
"""Bytes of a file, and of what a compressed file inflates to."""

MAX_SLICE_PIXELS = 2**24
"""Pixels of one slice: 4096 x 4096."""

MAX_FILE_PIXELS = 2**27
"""Pixels of all slices of one file: 512 slices of 512 x 512."""

MAX_SLICES = 4096
"""Slices of one file."""

ACCEPTED = "a PNG, JPEG, TIFF, DICOM (.dcm) or NIfTI (.nii, .nii.gz) file"

BROKEN_BYTES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Pillow, pydicom and nibabel raise for bytes they cannot make sense of, beside their own kinds."""


def base_name(name: str) -> str:
    """The last part of a path of either system, on one line: what errors and sources show of a file's name."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(character if character.isprintable() else "?" for character in last)


def refuse(name: str, problem: str, expected: str = ACCEPTED) -> ImageError:
    """The error to raise for the file `name`: one line saying what is wrong and what was expected."""
    return ImageError(f"{base_name(name)}: {problem}; expected {expected}")


@contextmanager
def refusing(
    name: str, problem: str, expected: str = ACCEPTED, also: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Turn what a library raises for broken bytes (BROKEN_BYTES and its own kinds, `also`) into an ImageError.

    The library's text is left out: it may run over several lines or quote the file, and a DICOM file names its patient.
    """
    kinds: tuple[type[Exception], ...] = (*BROKEN_BYTES, *also)
    try:
        yield
    except kinds as error:
        raise refuse(name, problem, expected) from error


def source_names(name: str, count: int, note: str = "") -> list[str]:
    """`Slice.source` of each of a file's `count` slices: "name", or "name [slice 12 of 60]" where there are several."""
    if count == 1 and not note:
        return [base_name(name)]
    return [f"{base_name(name)} [slice {number} of {count}{note}]" for number in range(1, count + 1)]


def check_size(name: str, width: int, height: int, slices: int = 1) -> None:
    """Raise ImageError unless `slices` slices of `width` x `height` pixels are something and within the limits."""
    declared = f"its header declares {slices} x {width} x {height} pixels (slices x width x height)"
    if min(width, height, slices) < 1:
        raise refuse(name, declared, "at least one of each")
    if width * height > MAX_SLICE_PIXELS:
        raise refuse(name, declared, f"at most {MAX_SLICE_PIXELS:,} pixels a slice")
    if slices > MAX_SLICES or slices * width * height > MAX_FILE_PIXELS:
        raise refuse(name, declared, f"at most {MAX_SLICES:,} slices and {MAX_FILE_PIXELS:,} pixels a file")


def inflate(data: bytes, window_bits: int, name: str) -> bytes:
    """Inflate `data`, never holding more than MAX_FILE_BYTES and one byte.

    window_bits: as for `zlib.decompressobj`; 31 reads gzip (also of several members), -15 a bare deflate stream.
    Raises ImageError for a stream that is damaged, cut short or longer than that.
    """
    parts: list[bytes] = []
    room = MAX_FILE_BYTES + 1
    while True:
        stream = zlib.decompressobj(window_bits)
        with refusing(name, "its compressed data are damaged"):
            parts.append(stream.decompress(data, room))
        room -= len(parts[-1])
        if room == 0:
            raise refuse(name, f"it inflates to more than {MAX_FILE_BYTES:,} bytes", "a smaller file")
        if not stream.eof:
            raise refuse(name, "its compressed data end too early", "a complete file")
        data = stream.unused_data
        if window_bits != 31 or not data.startswith(b"\x1f\x8b"):
            return b"".join(parts)
