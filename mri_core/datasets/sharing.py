"""Data sets from a place that several machines can reach: fetched once, and checked before they are used.

The place is a folder of data set folders, at any address that fsspec knows: a mounted disk, https, S3, SFTP and others.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import numpy as np
from pydantic import ValidationError

from mri_core.datasets.build import checksum
from mri_core.datasets.dataset import Dataset, Header, check_name, open_dataset
from mri_core.datasets.index_blocks import Fingerprint
from mri_core.errors import InvalidInput, NotFound, StorageError
from mri_core.locking import locked
from mri_core.settings import Settings, make_folder

HEADER_BYTES = 16 * 1024**2
INDEX_BYTES = 4096
"""The most that a data set's header may take, and its index for each slice."""

_NPY_HEADER_BYTES = 4096
_PIECE = 4 * 1024**2
_ROWS = 20_000


def open_or_fetch(name: str, fingerprint: str, url: str, settings: Settings) -> Dataset:
    """Open a data set of this home, which is fetched first where it is not there. Raises NotFound where it is nowhere.

    fingerprint: what a fetched one must have. url: of the place to fetch it from; empty where there is none.
    """
    try:
        return open_dataset(name, settings)
    except NotFound:
        if not url:
            raise
    fetch_dataset(name, fingerprint, url, settings)
    return open_dataset(name, settings)


def fetch_dataset(name: str, fingerprint: str, url: str, settings: Settings) -> None:
    """Copy the data set `name` below `url` into this home, unless another process has just done so.

    Raises InvalidInput where it is not what was wanted, NotFound where it is not there, StorageError when the copying
    fails. Whatever is raised, nothing of it stays.
    """
    final = make_folder(settings.datasets) / check_name(name)
    folder = settings.datasets / f".{name}.fetched"
    with locked(settings.datasets / f".{name}.lock"):
        if final.exists():
            return
        shutil.rmtree(folder, ignore_errors=True)  # what a killed process left
        make_folder(folder)
        try:
            _copy(name, fingerprint, url, folder)
            _verify(Dataset(folder, Header.model_validate_json((folder / "dataset.json").read_bytes())), url)
            folder.rename(final)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _copy(name: str, fingerprint: str, url: str, folder: Path) -> None:
    place = _Place(url, name)
    place.copy("dataset.json", folder, HEADER_BYTES)
    try:
        header = Header.model_validate_json((folder / "dataset.json").read_bytes())
    except ValidationError as error:
        raise InvalidInput(f"{place} has no valid dataset.json; copy the data set's folder there again") from error
    if header.fingerprint != fingerprint:
        raise InvalidInput(
            f"the data set in {place} is another than the run was queued with (fingerprint {header.fingerprint[:8]}, "
            f"expected {fingerprint[:8]}); put that one there, or start a new run"
        )
    pixels = header.slices * int(np.prod(header.image_shape))
    largest = {"index.parquet": header.slices * INDEX_BYTES + HEADER_BYTES, "slices.npy": pixels + _NPY_HEADER_BYTES}
    if pixels > (free := shutil.disk_usage(folder).free):
        raise StorageError(
            f"data set '{name}' needs {pixels / 1e6:,.0f} MB and {folder.parent} has {free / 1e6:,.0f} MB free; "
            "make room or set MRI_HOME to another disk"
        )
    for file, most in largest.items():
        place.copy(file, folder, most)


class _Place:
    """A data set's folder somewhere else; as text it is its address without what may be secret in it."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name

    def __str__(self) -> str:
        parts = urlsplit(self._url)
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
        return f"{shown.rstrip('/')}/{self._name}"

    def copy(self, file: str, folder: Path, most: int) -> None:
        """most: bytes; a larger file is refused as soon as it turns out to be one."""
        import fsspec

        try:
            system, root = fsspec.core.url_to_fs(self._url)
            where = f"{root.rstrip('/')}/{self._name}/{file}"
            with system.open(where, "rb") as source, (folder / file).open("wb") as target:
                self._pour(source, target, file, most)
        except FileNotFoundError as error:
            raise NotFound(f"there is no {file} in {self}; copy the data set's folder there") from error
        except (OSError, ValueError, ImportError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0].replace(self._url, str(self))
            raise StorageError(f"cannot copy {file} from {self}: {reason}; check MRI_DATASETS_URL") from error

    def _pour(self, source: BinaryIO, target: BinaryIO, file: str, most: int) -> None:
        taken = 0
        while piece := source.read(_PIECE):
            taken += len(piece)
            if taken > most:
                raise InvalidInput(f"{file} in {self} is larger than the {most:,} bytes that its header allows")
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())


def _verify(dataset: Dataset, url: str) -> None:
    """Raises InvalidInput unless the slices and the index are those that the fingerprint was made of."""
    place = _Place(url, dataset.name)
    found = Fingerprint(dataset.label_names, dataset.image_shape)
    for start in range(0, len(dataset.index), _ROWS):
        found.add(dataset.index[start : start + _ROWS])
    if found.text != dataset.fingerprint or len(dataset.index) != dataset.header.slices:
        raise InvalidInput(f"the index in {place} is damaged or was changed; copy the data set's folder there again")
    if dataset.pixels.shape != (dataset.header.slices, *dataset.image_shape) or dataset.pixels.dtype != np.uint8:
        raise InvalidInput(f"the slices in {place} are not those of its header; copy the folder there again")
    for row, (pixels, known) in enumerate(zip(dataset.pixels, dataset.index["checksum"], strict=True)):
        if checksum(pixels) != known:
            raise InvalidInput(f"slice {row:,} in {place} is damaged; copy the data set's folder there again")
