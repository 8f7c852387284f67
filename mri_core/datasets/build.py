"""Writing a data set: slices stream into a hidden folder, which is renamed into place once it is whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import psutil

from mri_core.datasets.dataset import INDEX_COLUMNS, Dataset, Header, check_name, open_dataset
from mri_core.datasets.index_blocks import IndexBlocks
from mri_core.errors import InvalidInput, MriError, StorageError
from mri_core.images.preprocessing import STANDARD, Preprocessing
from mri_core.settings import Settings, make_folder

_PARTIAL = ".partial"


@dataclass(frozen=True)
class Build:
    """A data set being made by some process."""

    name: str
    done: int
    total: int
    seconds_left: float | None


class DatasetBuilder:
    """Collects slices and index rows; `finish` makes them a data set at once, anything else leaves nothing.

    Use as a context manager. Raises InvalidInput for a name that is taken or labels that cannot be columns,
    StorageError when the disk is full or cannot be written.
    """

    def __init__(
        self, settings: Settings, name: str, label_names: Sequence[str], image_shape: tuple[int, ...], total: int
    ) -> None:
        """total: slices expected, for progress and the check of free space."""
        self._final = make_folder(settings.datasets) / check_name(name)
        self._folder = settings.datasets / f".{name}{_PARTIAL}"
        self._settings, self._name, self._total = settings, name, total
        self._label_names, self._image_shape = _check_labels(label_names), image_shape
        self._index = IndexBlocks(self._folder, self._label_names, image_shape)
        self._done = 0
        self._started, self._reported = time.time(), 0.0
        self._file: BinaryIO | None = None

    def __enter__(self) -> DatasetBuilder:
        if self._final.exists():
            raise InvalidInput(f"there is a data set '{self._name}' already; choose another name")
        _claim(self._folder, self._name)
        _check_space(self._folder, self._total * int(np.prod(self._image_shape)))
        self._file = (self._folder / "slices.npy").open("wb")
        self._write_header(0)
        self._report()
        return self

    def add(self, pixels: np.ndarray, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append slices.

        pixels: (n, *image_shape) uint8.
        rows: n mappings with id, patient, split, source, position and each label (1, 0 or None).
        """
        if pixels.shape != (len(rows), *self._image_shape) or pixels.dtype != np.uint8:
            raise ValueError(
                f"pixels should be uint8 {(len(rows), *self._image_shape)}; received {pixels.dtype} {pixels.shape}"
            )
        assert self._file is not None, "add() outside of the with block"
        try:
            self._file.write(np.ascontiguousarray(pixels).data)
            self._index.add([{**row, "checksum": checksum(one)} for one, row in zip(pixels, rows, strict=True)])
        except OSError as error:
            raise _storage_error(error, self._folder) from error
        self._done += len(rows)
        if time.time() - self._reported > 0.3:
            self._report()

    def assign(self, column: str, values: Sequence[Any] | np.ndarray) -> None:
        """Set a column of all rows added so far, for what is only known at the end (the split)."""
        if len(values) != self._done:
            raise ValueError(f"{len(values):,} values of {column} for {self._done:,} slices")
        self._index.assign(column, values)

    def finish(
        self, simulated: bool, provenance: Mapping[str, Any], preprocessing: Preprocessing = STANDARD
    ) -> Dataset:
        """Write index and header and rename the folder into place. preprocessing: how files became these slices."""
        assert self._file is not None, "finish() outside of the with block"
        if not self._done:
            raise InvalidInput(f"no slice to make data set '{self._name}' of")
        try:
            self._index.write(self._folder / "index.parquet")
            header = self._header(simulated, provenance, preprocessing)
            self._write_header(self._done)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            (self._folder / "dataset.json").write_text(header.model_dump_json(indent=1))
            (self._folder / "progress.json").unlink()
            self._folder.rename(self._final)
        except OSError as error:
            raise _storage_error(error, self._folder) from error
        return open_dataset(self._name, self._settings)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _header(self, simulated: bool, provenance: Mapping[str, Any], preprocessing: Preprocessing) -> Header:
        return Header(
            name=self._name,
            label_names=self._label_names,
            image_shape=self._image_shape,
            slices=self._done,
            unlabelled=self._index.unlabelled,
            patients=self._index.patients,
            fingerprint=self._index.fingerprint,
            simulated=simulated,
            created=datetime.now(UTC).isoformat(timespec="microseconds"),
            provenance=dict(provenance),
            preprocessing=preprocessing,
        )

    def _write_header(self, slices: int) -> None:
        # NumPy pads the header for a growing first axis, so rewriting it at the end keeps its length.
        assert self._file is not None
        self._file.seek(0)
        described = {"descr": "|u1", "fortran_order": False, "shape": (slices, *self._image_shape)}
        np.lib.format.write_array_header_1_0(self._file, described)
        self._file.seek(0, os.SEEK_END)

    def _report(self) -> None:
        self._reported = time.time()
        progress = {"name": self._name, "done": self._done, "total": self._total, "started": self._started}
        beside = self._folder / "progress.new"
        try:
            beside.write_text(json.dumps(progress | _this_process()))
            beside.replace(self._folder / "progress.json")
        except OSError as error:
            raise _storage_error(error, self._folder) from error


def builds(settings: Settings) -> list[Build]:
    """Data sets being made right now, by any process on this machine."""
    found = []
    for folder in sorted(settings.datasets.glob(f".*{_PARTIAL}")):
        state = _state(folder)
        if state and _alive(state):
            elapsed = time.time() - state["started"]
            left = elapsed / state["done"] * (state["total"] - state["done"]) if state["done"] else None
            found.append(Build(state["name"], state["done"], state["total"], left))
    return found


def _claim(folder: Path, name: str) -> None:
    """Create the hidden folder; one left by a process that died is cleared away."""
    if (state := _state(folder)) and _alive(state):
        raise MriError(f"data set '{name}' is being made by process {state['pid']}; wait for it or choose another name")
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)


def _this_process() -> dict[str, Any]:
    return {"pid": os.getpid(), "process_started": psutil.Process().create_time()}


def _state(folder: Path) -> dict[str, Any] | None:
    try:
        return json.loads((folder / "progress.json").read_text())
    except (OSError, ValueError):
        return None


def _alive(state: Mapping[str, Any]) -> bool:
    try:
        process = psutil.Process(state["pid"])
        return process.create_time() == state["process_started"] and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _check_labels(label_names: Sequence[str]) -> tuple[str, ...]:
    names = tuple(label_names)
    if not names or len(set(names)) != len(names) or any(not name.strip() for name in names):
        raise InvalidInput(f"label names should be one or more, each once and not empty; received {list(names)}")
    if taken := set(names) & set(INDEX_COLUMNS):
        raise InvalidInput(
            f"a label cannot be called {sorted(taken)[0]!r}: the index has a column of that name; rename it"
        )
    return names


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        folder.rmdir()
        raise StorageError(
            f"the data set needs {needed / 1e6:,.0f} MB and {folder.parent} has {free / 1e6:,.0f} MB free; "
            f"make room or set MRI_HOME to another disk"
        )


def _storage_error(error: OSError, folder: Path) -> StorageError:
    return StorageError(
        f"cannot write to {folder.parent}: {error.strerror or error}; make room or set MRI_HOME to another place"
    )


def checksum(pixels: np.ndarray) -> str:
    return hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=16).hexdigest()
