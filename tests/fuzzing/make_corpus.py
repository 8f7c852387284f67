"""The files that fuzzing begins with: `python -m tests.fuzzing.make_corpus` writes small ones of every kind."""

from __future__ import annotations

import gzip
import io
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import gdcm
import nibabel
import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    MRImageStorage,
    RLELossless,
)

from tests.fuzzing.formats import CORPUS

_RNG = np.random.default_rng(11)
_Y, _X = np.mgrid[0:14, 0:12]
GREY = np.clip(120 + 8 * _X - 6 * _Y + _RNG.normal(0, 10, _X.shape), 0, 255).astype(np.uint8)
DEEP = (GREY.astype(np.uint16) * 9) + 100
COLOUR = np.stack([GREY, GREY[::-1], 255 - GREY], axis=2)
VOLUME = np.stack([np.roll(DEEP, step, axis=1) for step in range(4)], axis=2).astype(np.int16)
STACK = np.moveaxis(VOLUME, 2, 0)

Files = Iterator[tuple[str, bytes]]


def picture(pixels: np.ndarray | Image.Image, kind: str, **options: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png() -> Files:
    image = Image.fromarray(GREY)
    yield "grey", picture(GREY, "PNG")
    yield "deep", picture(DEEP, "PNG")
    yield "colour", picture(COLOUR, "PNG")
    yield "alpha", picture(Image.fromarray(np.dstack([COLOUR, GREY])), "PNG")
    yield "palette", picture(image.convert("P"), "PNG", transparency=3)
    yield "bits", picture(image.convert("1"), "PNG")
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "turned", picture(GREY, "PNG", exif=exif, dpi=(72, 72))
    yield "animated", picture(GREY, "PNG", save_all=True, append_images=[Image.fromarray(GREY[::-1])])


def jpeg() -> Files:
    exif = Image.Exif()
    exif[0x0112] = 3
    yield "grey", picture(GREY, "JPEG")
    yield "colour", picture(COLOUR, "JPEG", exif=exif)
    yield "progressive", picture(COLOUR, "JPEG", progressive=True, subsampling=0)
    yield "cmyk", picture(Image.fromarray(COLOUR).convert("CMYK"), "JPEG")


def tiff() -> Files:
    for packing in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        yield packing, picture(GREY, "TIFF", compression=packing)
    yield "deep", picture(DEEP, "TIFF")
    yield "real", picture(GREY.astype(np.float32) / 7, "TIFF")
    yield "colour", picture(COLOUR, "TIFF", compression="jpeg")
    yield "fax", picture(Image.fromarray(GREY).convert("1"), "TIFF", compression="group4")
    yield "pages", picture(DEEP, "TIFF", save_all=True, append_images=[Image.fromarray(DEEP[::-1])] * 2)
    yield "big", picture(GREY, "TIFF", big_tiff=True)


def bmp() -> Files:
    yield "grey", picture(GREY, "BMP")
    yield "colour", picture(COLOUR, "BMP")
    yield "bits", picture(Image.fromarray(GREY).convert("1"), "BMP")


def webp() -> Files:
    yield "lossy", picture(COLOUR, "WEBP")
    yield "lossless", picture(GREY, "WEBP", lossless=True)
    yield "alpha", picture(Image.fromarray(np.dstack([COLOUR, GREY])), "WEBP")
    animated = picture(COLOUR, "WEBP", save_all=True, append_images=[Image.fromarray(COLOUR[::-1])], duration=90)
    yield "animated", animated


def dataset(frames: np.ndarray = DEEP, **tags: object) -> Dataset:
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = MRImageStorage
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.4")
    made.PatientID, made.SeriesInstanceUID, made.InstanceNumber = "A1", UID("1.2.3"), 7
    made.ImagePositionPatient, made.ImageOrientationPatient = [1, 2, 3], [1, 0, 0, 0, 1, 0]
    colour = frames.ndim > 2 and frames.shape[-1] == 3
    made.Rows, made.Columns = frames.shape[:2] if colour else frames.shape[-2:]
    if frames.ndim > 2 and not colour:
        made.NumberOfFrames = len(frames)
    made.SamplesPerPixel, made.PhotometricInterpretation = (3, "RGB") if colour else (1, "MONOCHROME2")
    if colour:
        made.PlanarConfiguration = 0
    made.BitsAllocated = made.BitsStored = frames.dtype.itemsize * 8
    made.HighBit, made.PixelRepresentation = made.BitsAllocated - 1, int(frames.dtype.kind == "i")
    made.PixelData = frames.tobytes()
    for keyword, value in tags.items():
        setattr(made, keyword, value)
    return made


def encoded(made: Dataset, syntax: UID = ExplicitVRLittleEndian) -> bytes:
    made.file_meta.TransferSyntaxUID = syntax
    out = io.BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


def transcoded(data: bytes, syntax: int) -> bytes:
    """A file with its pixels compressed by gdcm."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = str(Path(folder) / "a.dcm"), str(Path(folder) / "b.dcm")
        Path(before).write_bytes(data)
        reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
        reader.SetFileName(before)
        change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
        assert reader.Read()
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer.SetFileName(after)
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        return Path(after).read_bytes()


def item(**tags: object) -> Dataset:
    made = Dataset()
    for keyword, value in tags.items():
        setattr(made, keyword, value)
    return made


def dicom() -> Files:
    frames = np.stack([DEEP, DEEP[::-1], DEEP[:, ::-1]])
    yield "plain", encoded(dataset(WindowCenter=1000, WindowWidth=900, RescaleSlope=2, RescaleIntercept=-9))
    yield "implicit", encoded(dataset(), ImplicitVRLittleEndian)
    yield "deflated", encoded(dataset(), DeflatedExplicitVRLittleEndian)
    yield "frames", encoded(dataset(frames))
    yield "colour", encoded(dataset(COLOUR))
    yield "white", encoded(dataset(GREY, PhotometricInterpretation="MONOCHROME1", BurnedInAnnotation="YES"))
    big = dataset()
    big.PixelData = DEEP.astype(">u2").tobytes()
    yield "big-endian", encoded(big, ExplicitVRBigEndian)
    rle = dataset()
    rle.compress(RLELossless, generate_instance_uid=False)
    yield "rle", encoded(rle, RLELossless)
    table = item(LUTDescriptor=[4, 0, 8], LUTData=[0, 60, 200, 255])
    table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "US"
    yield "table", encoded(dataset(VOILUTSequence=[table]))
    lut = np.arange(256, dtype=np.uint16).tobytes()
    colours = {
        f"{colour}PaletteColorLookupTable{part}": value
        for colour in ("Red", "Green", "Blue")
        for part, value in (("Descriptor", [256, 0, 16]), ("Data", lut))
    }
    yield "palette", encoded(dataset(GREY, PhotometricInterpretation="PALETTE COLOR", **colours))
    own = [
        item(
            PlanePositionSequence=[item(ImagePositionPatient=[0, 0, number])],
            FrameVOILUTSequence=[item(WindowCenter=900, WindowWidth=700)],
            PixelValueTransformationSequence=[item(RescaleSlope=1, RescaleIntercept=number, RescaleType="US")],
        )
        for number in range(3)
    ]
    shared = item(PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])])
    groups = {"PerFrameFunctionalGroupsSequence": own, "SharedFunctionalGroupsSequence": [shared]}
    yield "enhanced", encoded(dataset(frames, **groups))
    jpeg_made = dataset(GREY)
    jpeg_made.PixelData = encapsulate([picture(GREY, "JPEG")])
    jpeg_made["PixelData"].is_undefined_length = True
    yield "jpeg", encoded(jpeg_made, JPEGBaseline8Bit)
    plain = encoded(dataset())
    for name, syntax in (
        ("jpeg-lossless", gdcm.TransferSyntax.JPEGLosslessProcess14_1),
        ("jpeg-ls", gdcm.TransferSyntax.JPEGLSLossless),
        ("jpeg-2000", gdcm.TransferSyntax.JPEG2000Lossless),
    ):
        yield name, transcoded(plain, syntax)


def nifti() -> Files:
    def volume(values: np.ndarray, kind: type = nibabel.Nifti1Image, affine: np.ndarray | None = None) -> bytes:
        return kind(values, np.diag([1, 2, 3, 1]) if affine is None else affine).to_bytes()

    yield "whole", volume(VOLUME)
    yield "real", volume(VOLUME.astype(np.float32) / 3)
    yield "series", volume(np.stack([VOLUME, VOLUME + 1], axis=3))
    yield "flat", volume(VOLUME[..., 0].astype(np.uint8))
    yield "second", volume(VOLUME.astype(np.uint16), nibabel.Nifti2Image)
    tilted = np.array([[0, 0, 3, 1], [-1, 0.1, 0, 2], [0, 2, 0.2, 3], [0, 0, 0, 1.0]])
    scaled = nibabel.Nifti1Image(VOLUME.astype(">i2"), tilted)
    scaled.header.set_slope_inter(0.5, 3)
    yield "tilted", scaled.to_bytes()
    swapped = nibabel.Nifti1Image(VOLUME, np.eye(4), nibabel.Nifti1Header(endianness=">"))
    yield "swapped", swapped.to_bytes()
    extended = nibabel.Nifti1Image(VOLUME, np.eye(4))
    extended.header.extensions.append(nibabel.nifti1.Nifti1Extension(6, b"a comment"))
    yield "extended", extended.to_bytes()


def nifti_gz() -> Files:
    for name, data in nifti():
        if name in ("whole", "second", "extended"):
            yield name, gzip.compress(data, mtime=0)
    _, whole = next(nifti())
    yield "parts", gzip.compress(whole[:600], mtime=0) + gzip.compress(whole[600:], mtime=0)


def array(values: np.ndarray, version: tuple[int, int] | None = None) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, values, version)
    return out.getvalue()


def npy() -> Files:
    yield "grey", array(GREY)
    yield "deep", array(DEEP)
    yield "colour", array(COLOUR)
    yield "volume", array(STACK.astype(np.float64))
    yield "columns", array(np.asfortranarray(STACK.astype(np.float32)))
    yield "bits", array(GREY > 128)
    yield "second", array(GREY[None, ..., None], (2, 0))
    yield "big-endian", array(STACK.astype(">i4"))
    yield "half", array((GREY / 3).astype(np.float16))


def zipped(members: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for path, data in members.items():
            archive.writestr(zipfile.ZipInfo(path), data, packing)
    return out.getvalue()


def npz() -> Files:
    yield "packed", zipped({"a.npy": array(GREY), "b.npy": array(STACK), "names.npy": array(np.arange(3))})
    yield "stored", zipped({"a.npy": array(COLOUR)}, zipfile.ZIP_STORED)


def zips() -> Files:
    first = {"a/one.png": next(png())[1], "a/two.dcm": next(dicom())[1]}
    yield "packed", zipped(first | {"b.nii.gz": next(nifti_gz())[1], "c.npy": array(GREY)})
    yield "stored", zipped(first, zipfile.ZIP_STORED)
    yield "nested", zipped({"inner.zip": zipped({"a.png": picture(GREY, "PNG")})})


KINDS = {
    "png": png, "jpeg": jpeg, "tiff": tiff, "bmp": bmp, "webp": webp, "dicom": dicom, "nifti": nifti,
    "nifti-gz": nifti_gz, "npy": npy, "npz": npz, "zip": zips,
}  # fmt: skip


def main() -> None:
    for name, make in KINDS.items():
        (CORPUS / name).mkdir(parents=True, exist_ok=True)
        for title, data in make():
            (CORPUS / name / title).write_bytes(data)


if __name__ == "__main__":
    main()
