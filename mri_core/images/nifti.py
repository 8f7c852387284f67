"""NIfTI volumes (.nii, .nii.gz), through nibabel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mri_core.images.limits import check_size, inflate, refuse, refusing, source_names
from mri_core.images.prepare import to_uint8
from mri_core.images.preprocessing import STANDARD, Axis, Preprocessing
from mri_core.images.slice import Slice

EXPECTED = "a complete single-file NIfTI volume (.nii or .nii.gz)"
GZIP = 31  # zlib's window bits for a gzip stream


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
    stored, affine, volumes = read_volume(data, name)
    slices = cut(to_uint8(stored, preprocessing.low, preprocessing.high), preprocessing.axis)
    sources = source_names(name, len(slices), f", first of {volumes} volumes" if volumes > 1 else "")
    positions = _positions(affine, _CUTS[preprocessing.axis][0], len(slices))
    return [Slice(pixels, sources[i], None, positions[i]) for i, pixels in enumerate(slices)]


def cut(volume: np.ndarray, axis: Axis) -> list[np.ndarray]:
    """Slices (rows, columns) of a canonical volume, as `read_nifti` lays them out."""
    turned = np.flip(np.transpose(volume, _CUTS[axis]), (1, 2))
    return [np.ascontiguousarray(one) for one in turned]


def read_volume(data: bytes, name: str) -> tuple[np.ndarray, np.ndarray, int]:
    """The first volume as it is stored, (right, anterior, superior); its affine, (4, 4) in mm; how many there are.

    Raises ImageError.
    """
    import nibabel
    from nibabel.orientations import OrientationError, apply_orientation, inv_ornt_aff, io_orientation
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    own_kinds = (HeaderDataError, WrapStructError, OrientationError, nibabel.filebasedimages.ImageFileError)
    if data.startswith(b"\x1f\x8b"):
        data = inflate(data, GZIP, name)
    if data[4:8] != b"n+2\x00" and data[344:348] != b"n+1\x00":
        raise refuse(name, "it is cut short, not NIfTI, or only the header of a pair of files", EXPECTED)
    kind = nibabel.Nifti2Image if data[4:8] == b"n+2\x00" else nibabel.Nifti1Image
    with refusing(name, "its header is damaged or cut short", EXPECTED, also=own_kinds):
        image = kind.from_bytes(data)
        affine = np.asarray(image.affine, float)
        shape = _volume_shape(image, len(data), name)
    with refusing(name, "its affine does not say how the volume lies", "an invertible affine", also=own_kinds):
        if not np.isfinite(affine).all():
            raise ValueError("not finite")
        orientation = io_orientation(affine)
        affine = affine @ inv_ornt_aff(orientation, shape)
    right, anterior, superior = (shape[axis] for axis in np.argsort(orientation[:, 0]))
    check_size(name, right, anterior, superior)
    with refusing(name, "its voxels cannot be read", EXPECTED, also=own_kinds):
        first = (slice(None),) * min(3, len(image.shape)) + (0,) * (len(image.shape) - 3)
        stored = np.asarray(image.dataobj[first]).reshape(shape)
        return apply_orientation(stored, orientation), affine, math.prod(image.shape[3:])


def _volume_shape(image: Any, available: int, name: str) -> tuple[int, int, int]:
    """Voxels of the first volume along its three axes, once the header agrees with the bytes there are."""
    shape = tuple(int(side) for side in image.shape)
    dtype = image.get_data_dtype()
    if dtype.kind not in "iuf":
        raise refuse(name, f"its voxels are {image.header.get_value_label('datatype')}", "one real number a voxel")
    if len(shape) < 2 or min(shape) < 1:
        raise refuse(name, f"its header declares the shape {shape}", "at least two axes and one voxel along each")
    needed = int(image.dataobj.offset) + math.prod(shape) * dtype.itemsize
    if needed > available:
        raise refuse(name, f"its header promises {needed:,} bytes and there are {available:,}", "a complete file")
    return shape[0], shape[1], shape[2] if len(shape) > 2 else 1


def _positions(affine: np.ndarray, along: int, slices: int) -> list[float | None]:
    """Places of the slices along their normal, in mm: what DICOM's image position gives for the same slices."""
    normal = np.cross(affine[:3, (along + 1) % 3], affine[:3, (along + 2) % 3])
    length = np.linalg.norm(normal)
    if not length > 0:
        return [float(index) for index in range(slices)]
    normal /= length
    return [float(normal @ (affine[:3, 3] + index * affine[:3, along])) for index in range(slices)]
