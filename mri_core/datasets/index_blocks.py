"""The index while a data set is being made: rows go to disk as they come, so that memory does not grow with them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mri_core.datasets.dataset import INDEX_COLUMNS, SPLITS

_BLOCK_ROWS = 20_000


class Fingerprint:
    """Hash of a data set's contents, from its index, block by block: rows hold the checksums of their slices."""

    def __init__(self, label_names: Sequence[str], image_shape: Sequence[int]) -> None:
        self._columns = ["id", "patient", "split", "checksum", *label_names]
        self._hash = hashlib.sha256(json.dumps([list(label_names), list(image_shape)]).encode())

    def add(self, block: pd.DataFrame) -> None:
        """Append rows of the index, which has one type a column in all of its blocks."""
        self._hash.update(block[self._columns].to_csv(index=False, header=False).encode())

    @property
    def text(self) -> str:
        return self._hash.hexdigest()[:32]


class IndexBlocks:
    """Collects index rows in a folder, and writes them as one file once every column is known.

    After `write`: rows, unlabelled (rows that lack a label), patients (None where a row has none) and fingerprint.
    """

    def __init__(self, folder: Path, label_names: Sequence[str], image_shape: tuple[int, ...]) -> None:
        self._folder, self._label_names = folder, list(label_names)
        self._open: list[Mapping[str, Any]] = []
        self._blocks: list[Path] = []
        self._lacking: set[str] = set()
        self._assigned: dict[str, Sequence[Any] | np.ndarray] = {}
        self._fingerprint = Fingerprint(label_names, image_shape)
        self._patients: list[np.ndarray] | None = []
        self.rows = self.unlabelled = 0

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows: mappings with INDEX_COLUMNS and each label. Raises OSError when the disk refuses."""
        self.rows += len(rows)
        self._open += rows
        if len(self._open) >= _BLOCK_ROWS:
            self._pack()

    def assign(self, column: str, values: Sequence[Any] | np.ndarray) -> None:
        """Set a column of all rows, for what is only known at the end."""
        self._assigned[column] = values

    def write(self, path: Path) -> None:
        """Write the index, one row group a block. Raises OSError when the disk refuses."""
        import pyarrow as pa
        from pyarrow import parquet

        self._pack()
        writer: Any = None
        with path.open("wb") as file:
            for block in self._whole():
                self._learn(block)
                if writer is None:
                    writer = parquet.ParquetWriter(file, pa.Schema.from_pandas(block, preserve_index=False))
                writer.write_table(pa.Table.from_pandas(block, writer.schema, preserve_index=False))
            writer.close()
            file.flush()
            os.fsync(file.fileno())

    @property
    def patients(self) -> int | None:
        return None if self._patients is None else len(np.unique(np.concatenate(self._patients)))

    @property
    def fingerprint(self) -> str:
        return self._fingerprint.text

    def _pack(self) -> None:
        if not self._open:
            return
        block = pd.DataFrame(self._open)[[*INDEX_COLUMNS, *self._label_names]]
        self._lacking |= {name for name in self._label_names if block[name].isna().any()}
        self._blocks.append(self._folder / f"rows.{len(self._blocks)}.parquet")
        with self._blocks[-1].open("wb") as file:  # an error of its own names the cause, one of the library does not
            block.to_parquet(file, index=False)
        self._open = []

    def _whole(self) -> Iterator[pd.DataFrame]:
        """The blocks in order, complete, with the same types; each file is removed once it is read."""
        types: dict[str, Any] = dict.fromkeys(("id", "patient", "source", "checksum"), "str")
        types |= {"split": pd.CategoricalDtype(list(SPLITS)), "position": "float64"}
        types |= {name: "Int8" if name in self._lacking else "int8" for name in self._label_names}
        start = 0
        for path in self._blocks:
            block = pd.read_parquet(path)
            path.unlink()
            end = start + len(block)
            assigned = {column: list(values[start:end]) for column, values in self._assigned.items()}
            yield block.assign(**assigned).astype(types)
            start = end

    def _learn(self, block: pd.DataFrame) -> None:
        self._fingerprint.add(block)
        self.unlabelled += int(block[self._label_names].isna().any(axis=1).sum())
        if block["patient"].isna().any():
            self._patients = None
        if self._patients is not None:
            self._patients.append(np.unique(pd.util.hash_array(block["patient"].to_numpy(dtype=object))))
