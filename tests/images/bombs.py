"""Files that are small, and promise or become something huge."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.uid import DeflatedExplicitVRLittleEndian

LARGE = 80 * 2**20  # more than a file may have, and quickly packed


def picture(kind: str, pixels: np.ndarray | None = None, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint8) if pixels is None else pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def patched(data: bytes, places: dict[int, bytes]) -> bytes:
    """Bytes with others at some places."""
    changed = bytearray(data)
    for place, new in places.items():
        changed[place : place + len(new)] = new
    return bytes(changed)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(kind: bytes, body: bytes) -> bytes:
    plain = picture("PNG")
    return plain[:33] + chunk(kind, body) + plain[33:]  # behind the header


def nifti(shape: tuple[int, ...] = (1, 1, 1), behind: int = 0) -> bytes:
    """A header of float voxels that promises a shape, and so many bytes after it."""
    header = nibabel.Nifti1Header()
    header.set_data_shape(shape)
    header["magic"], header["vox_offset"] = b"n+1", 352
    header.set_sform(np.eye(4), 1)
    return header.binaryblock + bytes(4 + behind)


def dicom(**tags: Any) -> pydicom.Dataset:
    dataset = pydicom.dcmread(str(get_testdata_file("MR_small.dcm", download=False)))
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    return dataset


def stored(dataset: pydicom.Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def deflated(dataset: pydicom.Dataset) -> bytes:
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return stored(dataset)


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, contents in members:
            archive.writestr(name, contents)
    return buffer.getvalue()


def swollen(files: int) -> bytes:
    """A zip of files as large as a file may be, which inflates to less than a hundred times its size."""
    noise = random.Random(0).randbytes(files * 600_000)
    return zipped(*((f"{number}.dcm", bytes(60 * 2**20)) for number in range(files)), ("noise.dcm", noise))


def says(data: bytes, size: int) -> bytes:
    """A zip of one file that declares another size than it has."""
    declared = struct.pack("<I", size)
    return patched(data, {22: declared, data.index(b"PK\x01\x02") + 24: declared})


def directory_of(data: bytes, times: int) -> bytes:
    """A zip whose table of contents has its entries so many times, all of them for the same bytes."""
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entries = data[start:end] * times
    numbers = (0, 0, times % 2**16, times % 2**16, len(entries), start, 0)
    return data[:start] + entries + struct.pack("<4sHHHHIIH", b"PK\x05\x06", *numbers)


def npy(shape: tuple[int, ...], dtype: str = "|u1", behind: int = 0) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": dtype, "fortran_order": False, "shape": shape})
    return buffer.getvalue() + bytes(behind)


TAGS = [(256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 1)]


def tiff(*pages: list[tuple[int, int, int, int]]) -> bytes:
    """A TIFF file of directories alone. Tags: number, type, count, value."""
    data = b"II*\x00" + struct.pack("<I", 8)
    for number, tags in enumerate(pages, start=1):
        following = len(data) + 2 + 12 * len(tags) + 4 if number < len(pages) else 0
        data += struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
        data += struct.pack("<I", following)
    return data


HUGE = struct.pack("<II", 60_000, 60_000)
SIZES = {
    "png": lambda: patched(picture("PNG"), {16: struct.pack(">II", 60_000, 60_000)}),
    "bmp": lambda: patched(picture("BMP"), {18: HUGE}),
    "tiff": lambda: tiff([(256, 4, 1, 60_000), (257, 4, 1, 60_000), *TAGS[2:]]),
    "webp": lambda: patched(picture("WEBP", lossless=True), {21: b"\xff\xff\xff\x0f"}),
    "dicom rows": lambda: stored(dicom(Rows=65535, Columns=65535)),
    "dicom frames": lambda: stored(dicom(NumberOfFrames=2**31 - 1)),
    "dicom frames that fit": lambda: stored(dicom(NumberOfFrames=4000)),
    "nifti": lambda: nifti((32767, 32767, 32767)),
    "gzip nifti": lambda: gzip.compress(nifti((1024, 1024, 256), LARGE), 1),
    "npy": lambda: npy((2**20, 2**20), "<f8", 8),
    "npy of more pixels": lambda: npy((9, 4096, 4096), behind=9 * 2**24),
}
"""Headers that declare too much."""

PACKED = {
    "png text": lambda: png_with(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(LARGE), 1)),
    "png profile": lambda: png_with(b"iCCP", b"a\x00\x00" + zlib.compress(bytes(LARGE), 1)),
    "gzip nifti with more": lambda: gzip.compress(nifti(behind=LARGE), 1),
    "gzip of members": lambda: gzip.compress(nifti((400, 400, 100))) + gzip.compress(b"") * 50_000,
    "deflated dicom": lambda: deflated(dicom(PixelData=bytes(LARGE))),
    "zip": lambda: zipped(("a.png", bytes(LARGE))),
    "zip of a hundredfold": lambda: swollen(2),
    "zip of as much as may be": lambda: swollen(8),
    "zip that declares much": lambda: says(zipped(("a.png", bytes(10))), 2**31),
    "zip that declares little": lambda: says(zipped(("a.png", bytes(LARGE))), 1000),
    "zip of one file many times": lambda: directory_of(zipped(("a.png", bytes(2**20))), 200),
    "zip of many": lambda: directory_of(zipped(("a", b"")), 30_000),
    "zip of a million": lambda: directory_of(zipped(("a", b"")), 1_000_000),
    "npz": lambda: zipped(("a.npy", npy((5, 4096, 4096), behind=LARGE))),
    "tiff of pages": lambda: tiff(*[TAGS] * 4097),
    "tiff of shared megabytes": lambda: (
        tiff([*TAGS, *((1000 + one, 1, 2**20, 8) for one in range(999))]) + bytes(2**20)
    ),
}
"""Few bytes that become many, or take long to go through."""

BOMBS: dict[str, Callable[[], bytes]] = SIZES | PACKED


def nested() -> bytes:
    """Sixteen zips in a zip, with more in each."""
    inner = zipped(*((f"{number}.zip", zipped(("a.dcm", bytes(2**20)))) for number in range(16)))
    return zipped(*((f"folder/{number}.zip", inner) for number in range(16)))


def shipped(name: str) -> bytes:
    return Path(str(get_testdata_file(name, download=False))).read_bytes()
