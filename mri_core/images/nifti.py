"""NIfTI volumes (.nii, .nii.gz), through nibabel."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mri_core.images.inflating import inflate, inflate_head
from mri_core.images.limits import LIMITS, MB, check_size, refuse, refusing, source_names
from mri_core.images.prepare import scaled_to_uint8, window_of
from mri_core.images.preprocessing import STANDARD, Axis, Preprocessing
from mri_core.images.slice import Slice

EXPECTED = "a complete single-file NIfTI volume (.nii or .nii.gz)"
GZIP = 31  # zlib's window bits for a gzip stream
_HEAD = 544  # bytes of the longer kind of header, and what says whether more of it follows
_BEHIND = 2**16  # bytes that may follow the last voxel
_PART = 2**18  # voxels that are real numbers at a time


_CUTS: dict[Axis, tuple[int, int, int]] = {"axial": (2, 1, 0), "coronal": (1, 2, 0), "sagittal": (0, 2, 1)}
"""Axis -> canonical axes (0 right, 1 anterior, 2 superior) along which slices, rows and columns lie."""


def read_nifti(data: bytes, name: str, preprocessing: Preprocessing = STANDARD) -> list[Slice]:
    """The slices of a volume across an axis: axial, from the feet towards the head, unless `preprocessing` has another.

    The volume's axes are swapped and flipped to the closest canonical (RAS) orientation and nothing is interpolated,
    whichever way it was acquired. Slices lie as a radiologist views them, and as DICOM stores them: axial with anterior
    at the top, coronal and sagittal with the head at the top; the patient's right, or in sagittal slices the face, on
    the left of the image. Of a series of volumes (4-D) the first is read, and the source says so. One percentile window
    holds for the whole volume. Voxels are taken as square.
    `position` is the place along the slice normal in mm, growing towards right, front and head, from the affine.
    Raises ImageError.
    """
    volume = open_volume(data, name)
    shown = np.empty(volume.stored, np.uint8, order="F")
    low, high = window_of(lambda: (values for _, values in volume.parts()), preprocessing)
    for place, values in volume.parts():
        shown[..., place] = scaled_to_uint8(values, low, high)
    slices = cut(volume.canonical(shown), preprocessing.axis)
    sources = source_names(name, len(slices), f", first of {volume.count} volumes" if volume.count > 1 else "")
    positions = _positions(volume.affine, _CUTS[preprocessing.axis][0], len(slices))
    return [Slice(pixels, sources[i], None, positions[i]) for i, pixels in enumerate(slices)]


def slice_count(volume: Volume, axis: Axis) -> int:
    return volume.shape[_CUTS[axis][0]]


def cut(volume: np.ndarray, axis: Axis) -> list[np.ndarray]:
    """Slices (rows, columns) of a canonical volume, as `read_nifti` lays them out."""
    turned = np.flip(np.transpose(volume, _CUTS[axis]), (1, 2))
    return [np.ascontiguousarray(one) for one in turned]


@dataclass(frozen=True)
class Volume:
    """The first volume of a file, whose voxels are read a part at a time.

    stored: voxels along its axes as they are stored. shape: along right, anterior, superior. affine: (4, 4) in mm, of
    the latter. count: volumes in the file.
    """

    name: str
    stored: tuple[int, int, int]
    shape: tuple[int, int, int]
    affine: np.ndarray
    count: int
    _image: Any
    _orientation: np.ndarray

    def parts(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Some planes along the last stored axis at a time, and which they are, rescaled as the file says.

        Raises ImageError.
        """
        planes = max(1, _PART // (self.stored[0] * self.stored[1]))
        axes = len(self._image.shape)
        for start in range(0, self.stored[2], planes):
            place = slice(start, min(start + planes, self.stored[2]))
            index = (slice(None), slice(None), place)[:axes] + (0,) * (axes - 3)
            with refusing(self.name, "its voxels cannot be read", EXPECTED):
                values = np.asarray(self._image.dataobj[index]).reshape(*self.stored[:2], -1)
            yield place, values

    def canonical(self, voxels: np.ndarray) -> np.ndarray:
        """Voxels as they are stored, turned to (right, anterior, superior)."""
        from nibabel.orientations import apply_orientation

        return apply_orientation(voxels, self._orientation)


def open_volume(data: bytes, name: str) -> Volume:
    """A volume by its header, once that agrees with the limits and the bytes there are.

    A compressed file is inflated no further than its header promises, and then it has to end. Raises ImageError.
    """
    import nibabel
    from nibabel.orientations import OrientationError, inv_ornt_aff, io_orientation
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    own_kinds = (HeaderDataError, WrapStructError, OrientationError, nibabel.filebasedimages.ImageFileError)
    packed = data.startswith(b"\x1f\x8b")
    head = inflate_head(data, GZIP, name, _HEAD) if packed else data[:_HEAD]
    if head[4:8] != b"n+2\x00" and head[344:348] != b"n+1\x00":
        raise refuse(name, "it is cut short, not NIfTI, or only the header of a pair of files", EXPECTED)
    kind = nibabel.Nifti2Image if head[4:8] == b"n+2\x00" else nibabel.Nifti1Image
    with refusing(name, "its header is damaged or cut short", EXPECTED, also=own_kinds):
        header = kind.header_class(head[: kind.header_class.sizeof_hdr])
        affine = np.asarray(header.get_best_affine(), float)
        stored, promised = _stored(header, name)
    with refusing(name, "its affine does not say how the volume lies", "an invertible affine", also=own_kinds):
        if not np.isfinite(affine).all():
            raise ValueError("not finite")
        orientation = io_orientation(affine)
        affine = affine @ inv_ornt_aff(orientation, stored)
    right, anterior, superior = (stored[axis] for axis in np.argsort(orientation[:, 0]))
    check_size(name, right, anterior, superior)
    if packed:
        if promised > LIMITS.inflated_mb * MB:
            raise refuse(name, f"its header promises {promised:,} bytes", LIMITS.most("inflated_mb"))
        data = inflate(data, GZIP, name, promised + _BEHIND, f"about {promised:,}, as its header promises")
    if promised > len(data):
        raise refuse(name, f"its header promises {promised:,} bytes and there are {len(data):,}", "a complete file")
    with refusing(name, "its header is damaged or cut short", EXPECTED, also=own_kinds):
        image = kind.from_bytes(data)
    count = math.prod(image.shape[3:])
    return Volume(name, stored, (right, anterior, superior), affine, count, image, orientation)


def _stored(header: Any, name: str) -> tuple[tuple[int, int, int], int]:
    """Voxels of the first volume along its three axes, and the bytes of the whole file as the header promises them."""
    shape = tuple(int(side) for side in header.get_data_shape())
    dtype = header.get_data_dtype()
    if dtype.kind not in "iuf":
        raise refuse(name, f"its voxels are {header.get_value_label('datatype')}", "one real number a voxel")
    if len(shape) < 2 or min(shape) < 1:
        raise refuse(name, f"its header declares the shape {shape}", "at least two axes and one voxel along each")
    promised = int(header.get_data_offset()) + math.prod(shape) * dtype.itemsize
    return (shape[0], shape[1], shape[2] if len(shape) > 2 else 1), promised


def _positions(affine: np.ndarray, along: int, slices: int) -> list[float | None]:
    """Places of the slices along their normal, in mm: what DICOM's image position gives for the same slices."""
    normal = np.cross(affine[:3, (along + 1) % 3], affine[:3, (along + 2) % 3])
    length = np.linalg.norm(normal)
    if not length > 0:
        return [float(index) for index in range(slices)]
    normal /= length
    return [float(normal @ (affine[:3, 3] + index * affine[:3, along])) for index in range(slices)]
