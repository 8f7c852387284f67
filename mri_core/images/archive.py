"""A zip of files: what is in it, once its table of contents agrees with the limits and the bytes there are."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from functools import partial

from mri_core.images.limits import (
    HELD_RATIO,
    LIMITS,
    MB,
    held_bytes,
    one_line,
    ratio_bytes,
    refuse,
    refusing,
)

EXPECTED = "a complete zip of image files, without a password"
KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1 | 0x40  # bits of a member's flags
_AT_ONCE = 2**20
_ENTRY_BYTES = 400  # of a file in the table of contents: 46, its path and what programs add


def is_archive(data: bytes) -> bool:
    """Whether a file is a zip of files. NumPy's .npz is a zip of arrays, and a file with slices of its own."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06")) and not is_npz(data)


def is_npz(data: bytes) -> bool:
    """Whether a file is a zip whose first member is an array."""
    return data.startswith(b"PK\x03\x04") and data[30 : 30 + int.from_bytes(data[26:28], "little")].endswith(b".npy")


def unpack(data: bytes, name: str, expected: str = EXPECTED, held: bool = False) -> Iterator[tuple[str, bytes]]:
    """The files in a zip, one at a time: path inside, safe to show, with "/" between its parts; and contents.

    Folders, hidden files and what macOS adds are left out. An archive inside is a file like others, and no reader
    takes it. Nothing is inflated before the number of files, the sizes they declare, their sum and its ratio to the
    zip's size have been checked, and no file further than it declares. held: whether whoever asks keeps all of them at
    once, which may then be no more than `held_bytes`.
    Raises ImageError, also after some files, for a zip that is damaged, encrypted or larger than the limits.
    """
    damaged = (zipfile.BadZipFile, NotImplementedError)
    with refusing(name, "its table of contents is damaged, cut short or far too long", expected, also=damaged):
        archive = zipfile.ZipFile(_Pieces(data))
    _check(archive.infolist(), len(data), name, held)
    members = [(path, member) for member in archive.infolist() if (path := _path(member))]
    if not members:
        raise refuse(name, "there is no file in it", expected)
    for path, member in members:
        with refusing(name, f"{path} in it is damaged", expected, also=damaged), archive.open(member) as stream:
            contents = b"".join(iter(partial(stream.read, _AT_ONCE), b""))
        yield path, contents


def _check(members: Sequence[zipfile.ZipInfo], size: int, name: str, held: bool) -> None:
    if len(members) > LIMITS.files:
        raise refuse(name, f"it holds {len(members):,} files", LIMITS.most("files"))
    for member in members:
        if member.flag_bits & _ENCRYPTED:
            raise refuse(name, f"{one_line(member.filename)} in it is encrypted", EXPECTED)
        if member.compress_type not in KINDS:
            raise refuse(name, f"{one_line(member.filename)} in it is packed in a rare way", "a zip packed by deflate")
    if sum(member.compress_size for member in members) > size:
        raise refuse(name, "the files in it lie over each other", EXPECTED)
    declared = sum(member.file_size for member in members)
    if declared > LIMITS.inflated_mb * MB:
        raise refuse(name, f"the files in it declare {declared:,} bytes", LIMITS.most("inflated_mb"))
    swollen = f"the files in it declare {declared:,} bytes, and it has {size:,}"
    if declared > ratio_bytes(size):
        raise refuse(name, swollen, LIMITS.most("ratio"))
    if held and declared > held_bytes(size):
        raise refuse(name, swollen, f"{LIMITS.most('zip_mb')}, or {HELD_RATIO} times its size where that is more")


def _path(member: zipfile.ZipInfo) -> str | None:
    """The path of a member, without what would lead out of a folder; None for folders and hidden files."""
    parts = [part for part in re.split(r"[/\\]", member.filename) if part not in ("", ".", "..")]
    if not parts or member.is_dir() or any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return None
    return one_line("/".join(parts))


class _Pieces(io.BytesIO):
    """Bytes that are read in pieces: a table of contents of many megabytes would take seconds to go through."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._size = len(data)

    def read(self, size: int | None = -1, /) -> bytes:
        left = self._size - self.tell()
        if min(left, size if size is not None and size >= 0 else left) > max(_AT_ONCE, _ENTRY_BYTES * LIMITS.files):
            raise zipfile.BadZipFile("too much at once")
        return super().read(size)
