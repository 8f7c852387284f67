"""DICOM images, through pydicom, with Pillow or gdcm for compressed pixels.

Of a file only the pixels, hashes of the identifiers of patient and series, the slice's place and number, and whether
text is burned into the pixels leave this module. Tags outside KEPT_TAGS, with names and dates of birth among them, are
dropped while the file is parsed, and no error quotes one.
"""

from __future__ import annotations

import hashlib
import io
import logging
import re
import struct
import warnings
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import numpy as np

from mri_core.images.dicom_place import described, position
from mri_core.images.dicom_window import first_number, windowed
from mri_core.images.gdcm_process import GdcmProcess
from mri_core.images.inflating import inflate
from mri_core.images.limits import LIMITS, check_size, ratio_bytes, refuse, refusing, source_names
from mri_core.images.prepare import to_uint8
from mri_core.images.preprocessing import STANDARD, Preprocessing
from mri_core.images.slice import Slice

if TYPE_CHECKING:
    from pydicom import Dataset

EXPECTED = "a complete DICOM image"
BARE_DEFLATE = -15  # zlib's window bits for a stream without header
_JPEG_2000 = re.compile(rb"\xff\x4f\xff\x51.{4}(.{16})", re.DOTALL)  # SOC and SIZ (ISO/IEC 15444-1, A.5.1)
KEPT_TAGS = [
    *("PatientID", "SeriesInstanceUID", "BurnedInAnnotation"),
    *("InstanceNumber", "SliceLocation", "ImagePositionPatient", "ImageOrientationPatient"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
    *("RescaleSlope", "RescaleIntercept", "RescaleType", "ModalityLUTSequence"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"),
    *("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
    *(
        f"{colour}PaletteColorLookupTable{part}"
        for colour in ("Red", "Green", "Blue")
        for part in ("Descriptor", "Data")
    ),
    *(f"Segmented{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
    *("PixelData", "FloatPixelData", "DoubleFloatPixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths"),
]


_gdcm = GdcmProcess()
logging.getLogger("pydicom").propagate = False  # its log quotes values


def read_dicom(data: bytes, name: str, preprocessing: Preprocessing = STANDARD) -> list[Slice]:
    """Every frame of a DICOM image.

    Grey goes through the rescale, then the first window (or VOI table) of its frame, else one percentile window shared
    by the frames that declare none, or by all where `preprocessing` wants no declared one, and is inverted for
    MONOCHROME1. Colour becomes RGB.
    `patient`, `series`: 12 hexadecimal digits of a SHA-256 of PatientID and of SeriesInstanceUID, or None. `position`:
    the image position along the slice normal in mm, else SliceLocation, else InstanceNumber; for a frame without its
    own position, its number from 1. `instance`: InstanceNumber, or None.
    Raises ImageError.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's warnings quote values
        dataset = _parse(data, name)
        _check(dataset, name)
        with _refusing(name, f"its pixels ({_syntax(dataset)}) {_undecoded(dataset)}"):
            frames = _frames(dataset, data)
        with _refusing(name, "its tags contradict each other or its pixels"):
            shown = _grey(frames, dataset, preprocessing) if frames.ndim == 3 else _colour(frames, dataset)
            patient, series = _hashed(dataset, "PatientID"), _hashed(dataset, "SeriesInstanceUID")
            positions = [position(dataset, index, len(frames)) for index in range(len(frames))]
            number = first_number(dataset.get("InstanceNumber"))
            instance = None if number is None else int(number)
            burned_in = str(dataset.get("BurnedInAnnotation") or "").strip().upper() == "YES"
    sources = source_names(name, len(frames))
    return [
        Slice(shown[index], sources[index], patient, positions[index], series, instance, burned_in)
        for index in range(len(frames))
    ]


def _refusing(name: str, problem: str) -> AbstractContextManager[None]:
    from pydicom.errors import BytesLengthException, InvalidDicomError

    return refusing(name, problem, EXPECTED, also=(BytesLengthException, InvalidDicomError, StopIteration))


def _parse(data: bytes, name: str) -> Dataset:
    """The kept tags of the file. A deflated file is inflated within the limit first, since pydicom knows none."""
    import pydicom
    from pydicom.filereader import read_dataset

    if data[128:132] != b"DICM":
        raise refuse(name, "it has no 'DICM' at byte 128", EXPECTED)
    with _refusing(name, "its header is damaged or cut short"):
        stream = io.BytesIO(data)
        stream.seek(132)
        meta = read_dataset(stream, False, True, stop_when=lambda tag, _vr, _length: tag.group != 2)
        if meta.get("TransferSyntaxUID") == pydicom.uid.DeflatedExplicitVRLittleEndian:
            inflate(stream.read(), BARE_DEFLATE, name, ratio_bytes(len(data)), LIMITS.most("ratio"))
        return pydicom.dcmread(io.BytesIO(data), specific_tags=KEPT_TAGS)


def _check(dataset: Dataset, name: str) -> None:
    """Compare what the header declares with the limits and with the bytes there are, before anything is decoded."""
    from pydicom.pixels.utils import get_expected_length

    if not any(tag in dataset for tag in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise refuse(name, "it holds no pixels, so it is a report, a plan or a directory", EXPECTED)
    with _refusing(name, "it does not say how large its image is and how it is stored"):
        rows, columns, count = dataset.Rows, dataset.Columns, dataset.get("NumberOfFrames") or 1
        pixels = dataset.get("PixelData") or b""
        sizes = (rows, columns, count, dataset.SamplesPerPixel, dataset.BitsAllocated)
        if not isinstance(pixels, bytes) or not all(isinstance(one, int) for one in sizes):
            raise TypeError("a file may say of any tag that it is text, and a product with text is text")
        check_size(name, columns, rows, count)
        promised = get_expected_length(dataset)
        compressed = dataset.file_meta.TransferSyntaxUID.is_compressed
        stored = len(pixels)
    if "PixelData" in dataset and not compressed and stored < promised:
        raise refuse(name, f"its header promises {promised:,} bytes of pixels and there are {stored:,}", EXPECTED)
    if compressed and stored > 2 * promised + 2**16 * count:  # run-length codes grow up to 64 times when decoded
        raise refuse(name, f"it stores {stored:,} bytes for an image of {promised:,}", EXPECTED)
    for found in _JPEG_2000.finditer(pixels if compressed else b""):
        right, bottom, left, top = struct.unpack(">4I", found[1])
        if (right - left) * (bottom - top) > rows * columns:  # decoders would make room for it first
            raise refuse(name, f"a frame declares {right - left} x {bottom - top} pixels inside", EXPECTED)


def _frames(dataset: Dataset, data: bytes) -> np.ndarray:
    """Stored pixels: (frames, rows, columns) grey or palette indices, or (frames, rows, columns, 3) RGB.

    Pillow comes before gdcm where both decode a syntax: their pixels are the same, and gdcm has to run elsewhere. What
    Pillow refuses, such as parts of JPEG 2000 that it does not know, gdcm may read.
    """
    from pydicom.pixels import get_decoder, pixel_array

    plugins = get_decoder(dataset.file_meta.TransferSyntaxUID).available_plugins
    pixels = None
    if "pillow" in plugins or "gdcm" not in plugins:
        try:
            first = "pillow" if "pillow" in plugins else ""
            pixels = pixel_array(dataset, decoding_plugin=first, allow_excess_frames=False)
        except RuntimeError:
            if "gdcm" not in plugins:
                raise
    if pixels is None:
        pixels = _gdcm.decode(data)
    size = (int(dataset.get("NumberOfFrames") or 1), int(dataset.Rows), int(dataset.Columns))
    return pixels.reshape(size if dataset.SamplesPerPixel == 1 else (*size, 3))


def _undecoded(dataset: Dataset) -> str:
    """Why pixels may not have been decoded, with the packages that would decode more of their syntax."""
    from pydicom.pixels import get_decoder

    try:
        decoder = get_decoder(dataset.file_meta.TransferSyntaxUID)
    except NotImplementedError:
        return "are of a kind that no decoder reads"
    packages = "; or ".join(text.partition("requires ")[2] or text for text in decoder.missing_dependencies)
    if not decoder.is_available:
        return f"need a decoder that is not installed ({packages})"
    lacking = f", or need a decoder that is not installed ({packages})" if packages else ""
    return f"are damaged, cut short or of an unsupported kind{lacking}"


def _syntax(dataset: Dataset) -> str:
    """The transfer syntax by its registered name; text that is not registered could be anything and is not shown."""
    syntax = dataset.file_meta.TransferSyntaxUID
    return syntax.name if syntax.is_transfer_syntax and not syntax.is_private else "unknown transfer syntax"


def _grey(frames: np.ndarray, dataset: Dataset, preprocessing: Preprocessing) -> np.ndarray:
    from pydicom.pixels import apply_color_lut, apply_modality_lut

    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        return _colour(np.stack([apply_color_lut(frame, dataset) for frame in frames]), dataset)
    shown = np.empty(frames.shape, np.uint8)
    plain: dict[int, np.ndarray] = {}
    for index, stored in enumerate(frames):
        groups = described(dataset, index)
        rescale = next((item for item in groups if "RescaleSlope" in item), dataset)
        values = apply_modality_lut(stored, rescale)
        visible = windowed(values, groups) if preprocessing.window == "dicom" else None
        if visible is None:
            plain[index] = values
        else:
            shown[index] = np.rint(visible).astype(np.uint8)
    if plain:
        shown[list(plain)] = to_uint8(np.stack(list(plain.values())), preprocessing.low, preprocessing.high)
    return 255 - shown if dataset.PhotometricInterpretation == "MONOCHROME1" else shown


def _colour(frames: np.ndarray, dataset: Dataset) -> np.ndarray:
    """RGB of any depth as uint8, by its upper bits."""
    if frames.dtype == np.uint8:
        return frames
    palette = dataset.PhotometricInterpretation == "PALETTE COLOR"
    bits = frames.dtype.itemsize * 8 if palette else int(dataset.BitsStored)
    return (frames >> max(bits - 8, 0)).astype(np.uint8)


def _hashed(dataset: Dataset, keyword: str) -> str | None:
    """What tells patients or series apart and says nothing of them: the file keeps the identifier itself."""
    identifier = str(dataset.get(keyword) or "").strip()
    return hashlib.sha256(identifier.encode()).hexdigest()[:12] if identifier else None
