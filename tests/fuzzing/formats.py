"""The formats that are fuzzed: who reads each, and how to change what lies packed or under a checksum."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mri_core.images import Preprocessing, Slice, read_slices
from mri_core.images.archive import unpack

CORPUS = Path(__file__).with_name("corpus")
LARGEST = 2**16
"""Bytes of an input: more would only be read longer."""

Change = Callable[[bytes], bytes]
"""Changes some bytes."""


def read_zip(data: bytes, name: str, preprocessing: Preprocessing) -> list[Slice]:
    """What is done with a zip of files: it is unpacked, and every file in it is read."""
    slices: list[Slice] = []
    for path, contents in unpack(data, name):
        assert path.isprintable() and not path.startswith(("/", "\\")) and ".." not in path.split("/"), path
        slices += read_slices(contents, path, preprocessing)
    return slices


def png_chunk(data: bytes, change: Change, choose: Callable[[int], int]) -> bytes:
    """Change a chunk's contents and give it the checksum that belongs to them."""
    chunks, place = [], 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    if not chunks:
        return change(data)
    chosen = choose(len(chunks))
    kind, contents = chunks[chosen]
    image = kind == b"IDAT"
    chunks[chosen] = kind, zlib.compress(change(_inflated(contents, 15)), 1) if image else change(contents)
    whole = [
        struct.pack(">I", len(contents)) + kind + contents + struct.pack(">I", zlib.crc32(kind + contents))
        for kind, contents in chunks
    ]
    return data[:8] + b"".join(whole)


def gzipped(data: bytes, change: Change, _choose: Callable[[int], int]) -> bytes:
    return gzip.compress(change(_inflated(data, 31)), 1)


def zip_member(data: bytes, change: Change, choose: Callable[[int], int]) -> bytes:
    """Change the contents of a file in a zip that is whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as held:
            members = [(member.filename, held.read(member)) for member in held.infolist()[:16]]
    except (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, LookupError, OSError, EOFError, struct.error):
        return change(data)
    if not members:
        return change(data)
    chosen = choose(len(members))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, (path, contents) in enumerate(members):
            archive.writestr(zipfile.ZipInfo(path), change(contents) if number == chosen else contents)
    return out.getvalue()


def deflated_dicom(data: bytes, change: Change, _choose: Callable[[int], int]) -> bytes:
    """Change what lies deflated behind the file's meta information."""
    if len(data) < 144 or b"1.2.840.10008.1.2.1.99" not in data[:400]:
        return change(data)
    start = 144 + int.from_bytes(data[140:144], "little")
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return data[:start] + packer.compress(change(_inflated(data[start:], -15))) + packer.flush()


def _inflated(data: bytes, window_bits: int) -> bytes:
    """As much as there is of it, up to what an input may have."""
    try:
        return zlib.decompressobj(window_bits).decompress(data, LARGEST)
    except zlib.error:
        return data


@dataclass(frozen=True)
class Format:
    """suffix: of its files, with which a reader is found. within: changes what checksums and packing would hide."""

    name: str
    suffix: str
    within: Callable[[bytes, Change, Callable[[int], int]], bytes] | None = None
    read: Callable[[bytes, str, Preprocessing], list[Slice]] = read_slices

    @property
    def folder(self) -> Path:
        return CORPUS / self.name

    def seeds(self) -> list[Path]:
        return sorted(self.folder.iterdir())


FORMATS = {
    one.name: one
    for one in (
        Format("png", ".png", png_chunk),
        Format("jpeg", ".jpg"),
        Format("tiff", ".tif"),
        Format("bmp", ".bmp"),
        Format("webp", ".webp"),
        Format("dicom", ".dcm", deflated_dicom),
        Format("nifti", ".nii"),
        Format("nifti-gz", ".nii.gz", gzipped),
        Format("npy", ".npy"),
        Format("npz", ".npz", zip_member),
        Format("zip", ".zip", zip_member, read_zip),
    )
}
"""Name -> format; together they name every reader of READERS."""
