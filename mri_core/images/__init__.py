"""File -> slices, one format a module: the same code reads a file to import it and to predict from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mri_core.images.archive import is_archive, is_npz
from mri_core.images.dicom import read_dicom
from mri_core.images.limits import check_bytes, refuse
from mri_core.images.nifti import read_nifti
from mri_core.images.npy import read_npy, read_npz
from mri_core.images.prepare import prepare, to_uint8
from mri_core.images.preprocessing import STANDARD, Preprocessing
from mri_core.images.raster import read_raster
from mri_core.images.slice import Slice

__all__ = ["READERS", "Preprocessing", "Reader", "Slice", "prepare", "read_file", "read_slices", "to_uint8"]

Reader = Callable[[bytes, str, Preprocessing], list[Slice]]
"""A file's bytes, its name (for messages and `Slice.source`), the window -> its slices, or ImageError."""

READERS: dict[str, Reader] = {
    ".png": read_raster,
    ".jpg": read_raster,
    ".jpeg": read_raster,
    ".tif": read_raster,
    ".tiff": read_raster,
    ".bmp": read_raster,
    ".webp": read_raster,
    ".dcm": read_dicom,
    ".dicom": read_dicom,
    ".nii": read_nifti,
    ".nii.gz": read_nifti,
    ".npy": read_npy,
    ".npz": read_npz,
}
"""Suffix, in lower case -> reader."""

# DICOM comes first: its preamble may be a TIFF header, so that programs for either open the file.
_MAGIC: tuple[tuple[int, bytes, Reader], ...] = (
    (128, b"DICM", read_dicom),
    (0, b"\x89PNG\r\n\x1a\n", read_raster),
    (0, b"\xff\xd8\xff", read_raster),
    (0, b"II*\x00", read_raster),
    (0, b"MM\x00*", read_raster),
    (344, b"n+1\x00", read_nifti),
    (4, b"n+2\x00", read_nifti),
    (0, b"\x1f\x8b", read_nifti),
    (0, b"\x93NUMPY", read_npy),
    (8, b"WEBP", read_raster),
    (0, b"BM", read_raster),
)
"""Offset and bytes that give a kind of file away. BigTIFF is left to its suffix."""


def read_slices(data: bytes, name: str, preprocessing: Preprocessing = STANDARD) -> list[Slice]:
    """The slices of a file: by its content where that is recognised, else by the suffix of `name`.

    Raises ImageError, naming the file, what was wrong and what is expected.
    """
    if not data:
        raise refuse(name, "the file is empty")
    check_bytes(name, len(data))
    if is_archive(data):
        raise refuse(name, "it is a zip of files", "the files themselves; a zip within a file is not unpacked")
    if is_npz(data):
        return read_npz(data, name, preprocessing)
    for offset, magic, reader in _MAGIC:
        if data[offset : offset + len(magic)] == magic:
            return reader(data, name, preprocessing)
    for suffix, reader in READERS.items():
        if name.lower().endswith(suffix):
            return reader(data, name, preprocessing)
    raise refuse(name, "neither its content nor its suffix is known")


def read_file(path: str | Path, preprocessing: Preprocessing = STANDARD) -> list[Slice]:
    """The slices of the file at `path`. Raises ImageError as `read_slices` does, and for a path that cannot be read."""
    path = Path(path)
    try:
        if not path.is_file():
            raise refuse(path.name, "it is a folder" if path.is_dir() else "there is no such file")
        check_bytes(path.name, path.stat().st_size)
        data = path.read_bytes()
    except OSError as error:
        raise refuse(path.name, f"it cannot be opened ({error.strerror or 'error'})") from error
    return read_slices(data, path.name, preprocessing)
