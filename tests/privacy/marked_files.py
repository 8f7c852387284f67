"""DICOM files in which every place that can hold text names the patient, and a search for those names anywhere."""

from __future__ import annotations

import base64
import io
import sqlite3
import zipfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from pydicom import config
from pydicom.datadict import DicomDictionary
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
)

from mri_core.images.dicom import KEPT_TAGS

STEM = "Qz7Xw"
"""In every text that must not come out, with a number behind it: short enough for every kind of tag."""
NUMBER = "1973197319"
"""In place of text where a tag holds numbers."""

_TEXTS = ("AE", "AS", "CS", "DA", "DT", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT")
_BYTES = ("OB", "UN", "OW", "OB or OW")
_READ = {"Modality", "PixelSpacing", "PixelAspectRatio", "SliceThickness", "FrameIncrementPointer"} | set(KEPT_TAGS)
"""Tags that are read, or on which decoders stumble."""
_OTHER_GROUPS = (0x0000, 0x0002, 0x0028, 0x7FE0, 0xFFFE)
_PIXELS = np.random.default_rng(1).integers(0, 256, (20, 16), dtype=np.uint8)


_FEW = 40
_NUMBERS = count(1000)
"""Of patients and their series: every file is of another."""


def marker(number: int) -> str:
    return f"{STEM}{number}"


def marked(step: int = 1, **tags: object) -> Dataset:
    """A grey 8-bit image with all tags of the dictionary, private ones, an overlay and sequences within sequences.

    step: every how many of the dictionary's tags; writing all of them takes a while.
    """
    dataset = Dataset()
    for number, (tag, (vr, _, _, retired, keyword)) in enumerate(DicomDictionary.items()):
        wanted = number % step == 0 or keyword in ("SOPClassUID", "SOPInstanceUID", "PatientName")
        if wanted and not retired and keyword not in _READ and tag >> 16 not in _OTHER_GROUPS:
            _set(dataset, tag, vr, number)
    _set(dataset, 0x00281040, "CS", 1)
    block = dataset.private_block(0x0011, marker(2), create=True)
    for number, vr in enumerate(("LO", "UT", "OB", "UN")):
        value = marker(3 + number) * (200 if vr == "UT" else 1)
        block.add_new(number + 1, vr, value.encode() * 2 if vr in _BYTES else value)
    for element, vr in ((0x1500, "LO"), (0x0022, "LO"), (0x3000, "OW")):
        _set(dataset, 0x60000000 + element, vr, 10 + element)
    dataset.add(DataElement(0xFFFCFFFC, "OB", marker(9).encode() * 2))  # trailing padding
    inner = Dataset()
    _set(inner, 0x00100010, "PN", 20)
    dataset.RequestAttributesSequence = [_item(inner, "Qz7Xw21")]
    dataset.OriginalAttributesSequence = [_item(_item(inner, "Qz7Xw22"), "Qz7Xw23")]
    table = Dataset()
    table.add(DataElement(0x00283002, "US", [256, 0, 8]))
    table.add(DataElement(0x00283003, "LO", marker(24)))
    table.add(DataElement(0x00283006, "US", list(range(256))))
    dataset.VOILUTSequence = [table]
    who = next(_NUMBERS)
    for keyword, vr in (("PatientID", "LO"), ("SeriesInstanceUID", "UI")):
        dataset.add(DataElement(keyword, vr, marker(who), validation_mode=config.IGNORE))
    for keyword, vr in (("RescaleType", "LO"), ("VOILUTFunction", "CS")):
        dataset.add(DataElement(keyword, vr, marker(30), validation_mode=config.IGNORE))
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.BurnedInAnnotation = 1, 0, "YES"
    dataset.Rows, dataset.Columns = _PIXELS.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = _PIXELS.tobytes()
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    return dataset


def encoded(dataset: Dataset, syntax: UID = ExplicitVRLittleEndian) -> bytes:
    """The file, with names in its preamble, its meta information and behind its end."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    meta.ImplementationClassUID, meta.ImplementationVersionName = UID("1.2.3"), marker(40)
    for number, element in enumerate((0x0016, 0x0017, 0x0018)):
        _set(meta, 0x00020000 + element, "AE", 41 + number)
    _set(meta, 0x00020100, "UI", 44)
    _set(meta, 0x00020102, "OB", 45)
    dataset.file_meta, dataset.preamble = meta, (marker(46).encode() * 20)[:128]
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def files() -> dict[str, bytes]:
    """Name -> file: one of each way in which pixels are stored."""
    found = {
        "plain": encoded(marked()),
        "implicit": encoded(marked(_FEW), ImplicitVRLittleEndian),
        "big": encoded(marked(_FEW), ExplicitVRBigEndian),
        "deflated": encoded(marked(), DeflatedExplicitVRLittleEndian),
    }
    frames = np.stack([_PIXELS, _PIXELS[::-1], _PIXELS[:, ::-1]])
    found["frames"] = encoded(marked(_FEW, NumberOfFrames=3, PixelData=frames.tobytes()))
    rle = marked(_FEW)
    rle.file_meta = FileMetaDataset()
    rle.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    rle.compress(RLELossless, generate_instance_uid=False)
    found["rle"] = encoded(rle, RLELossless)
    picture = io.BytesIO()
    Image.fromarray(_PIXELS).save(picture, "JPEG", comment=marker(50))
    jpeg = marked(_FEW, PixelData=encapsulate([picture.getvalue()]))
    jpeg["PixelData"].is_undefined_length = True
    found["jpeg"] = encoded(jpeg, JPEGBaseline8Bit)
    return {f"{name}.dcm": data for name, data in found.items()}


def damaged() -> dict[str, bytes]:
    """Name -> a file that is cut short, contradicts itself, or has text in tags that are read and shown."""
    plain = encoded(marked(_FEW))
    found = {f"cut-{share}": plain[: len(plain) * share // 100] for share in (3, 30, 70, 99)}
    found["interpretation"] = encoded(marked(_FEW, PhotometricInterpretation=marker(60)))
    found["syntax"] = plain.replace(ExplicitVRLittleEndian.encode() + b"\0", marker(61).encode().ljust(20, b"\0"))
    found["no-pixels"] = encoded(_without(marked(_FEW), "PixelData"))
    found["no-rows"] = encoded(_without(marked(_FEW), "Rows"))
    found["many-rows"] = encoded(marked(_FEW, Rows=60000))
    texts = {
        "WindowCenter": 0x00281050,
        "WindowWidth": 0x00281051,
        "SliceLocation": 0x00201041,
        "NumberOfFrames": 0x00280008,
    }
    for keyword, tag in texts.items():
        given = _without(marked(_FEW), "VOILUTSequence")
        given.WindowCenter, given.WindowWidth = 128, 256
        given.add(DataElement(tag, "LO", marker(62)))
        found[f"text-{keyword}"] = encoded(given, ImplicitVRLittleEndian)
    found["charset"] = encoded(marked(_FEW)).replace(b"ISO_IR", b"Qz7Xw6")
    return {f"{name}.dcm": data for name, data in found.items()}


def traces(data: bytes) -> set[str]:
    """In which forms a marker is in some bytes: plain in any case, in UTF-16, in base64, as a number."""
    lower = data.lower()
    found = {kind for kind in ("utf-8", "utf-16-le", "utf-16-be") if STEM.lower().encode(kind) in lower}
    if any(form in data for form in _BASE64):
        found.add("base64")
    if NUMBER.encode() in data:
        found.add("number")
    return found


def traces_in(folder: Path) -> dict[str, set[str]]:
    """Files below a folder that hold a marker, also packed in them, and in which forms; names of files count too."""
    found = {}
    for path in sorted(folder.rglob("*")):
        contents = [str(path.relative_to(folder)).encode()]
        if path.is_file() and not path.is_socket():
            contents += _contents(path)
        if forms := set().union(*map(traces, contents)):
            found[str(path.relative_to(folder))] = forms
    return found


def _contents(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()
    if path.suffix == ".parquet":
        yield pd.read_parquet(path).to_csv().encode()
    elif path.suffix == ".db":
        with sqlite3.connect(path) as database:
            yield "\n".join(database.iterdump()).encode()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from map(archive.read, archive.namelist())


_BASE64 = [  # what of it does not depend on its neighbours, at each of three places
    base64.b64encode(b"\0" * place + STEM.encode() + b"\0\0\0")[-(-8 * place // 6) : 8 * (place + len(STEM)) // 6]
    for place in range(3)
]


def _set(dataset: Dataset, tag: int, vr: str, number: int) -> None:
    if vr in _TEXTS:
        dataset.add(DataElement(tag, vr, marker(number), validation_mode=config.IGNORE))
    elif vr in _BYTES:
        dataset.add(DataElement(tag, "UN" if vr == "UN" else "OB", marker(number).encode().ljust(12, b"\0")))
    elif vr == "IS":
        dataset.add(DataElement(tag, vr, NUMBER))
    elif vr == "DS":
        dataset.add(DataElement(tag, vr, f"{NUMBER}.5"))


def _item(inner: Dataset, text: str) -> Dataset:
    item = Dataset()
    item.add(DataElement(0x00321060, "LO", text))
    item.RequestedProcedureCodeSequence = [inner]
    return item


def _without(dataset: Dataset, keyword: str) -> Dataset:
    del dataset[keyword]
    return dataset
