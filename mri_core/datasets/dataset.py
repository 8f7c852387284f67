"""A data set on disk: a header, an index with one row a slice, and the pixels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from mri_core.errors import InvalidInput, NotFound, StorageError
from mri_core.images.preprocessing import Preprocessing
from mri_core.settings import Settings

INDEX_COLUMNS = ("id", "patient", "split", "source", "position", "checksum")
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}")


class Header(BaseModel):
    """What `dataset.json` holds: all that is known without reading the index or a pixel.

    unlabelled: slices that lack a label.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    label_names: tuple[str, ...]
    image_shape: tuple[int, ...]
    slices: int
    unlabelled: int = 0
    patients: int | None
    fingerprint: str
    simulated: bool = False
    created: str
    preprocessing: Preprocessing = Preprocessing()
    provenance: dict[str, Any] = {}


@dataclass(frozen=True)
class Dataset:
    """An open data set. Opening reads the header only; the index is read when first needed, pixels when touched."""

    folder: Path
    header: Header

    @property
    def name(self) -> str:
        return self.header.name

    @property
    def label_names(self) -> tuple[str, ...]:
        return self.header.label_names

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(H, W) for grey slices, (H, W, 3) for colour."""
        return self.header.image_shape

    @property
    def fingerprint(self) -> str:
        """Hash of the contents: the same slices, labels and splits have the same one."""
        return self.header.fingerprint

    @cached_property
    def index(self) -> pd.DataFrame:
        """One row a slice: the columns of INDEX_COLUMNS, then one a label holding 1, 0 or missing."""
        return self._read_index()

    @cached_property
    def facts(self) -> pd.DataFrame:
        """The index without its labels, which `truth` holds: the columns of INDEX_COLUMNS."""
        return self._read_index(list(INDEX_COLUMNS))

    def columns(self, *names: str) -> pd.DataFrame:
        """Some columns of the index, which for a million slices is a fraction of the memory that all of them take."""
        kept = "facts" in self.__dict__ and set(names) <= set(INDEX_COLUMNS)
        return self.facts[list(names)] if kept else self._read_index(list(names))

    @cached_property
    def pixels(self) -> np.ndarray:
        """(slices, H, W) or (slices, H, W, 3) uint8, memory-mapped read-only."""
        try:
            return np.load(self.folder / "slices.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise StorageError(f"cannot read the slices of data set '{self.name}': {error}; create it again") from error

    @cached_property
    def truth(self) -> np.ndarray:
        """Labels of every slice, (slices, labels) uint8 of 1 and 0, and 0 for those of slices that are not `labelled`.

        Raises InvalidInput where one is missing outside of the test split: what is trained or chosen on needs labels.
        """
        needed = self.split_codes != SPLITS.index("test")
        truth = np.empty((len(needed), len(self.label_names)), dtype=np.uint8)
        for place, name in enumerate(self.label_names):
            values = self.columns(name)[name]
            if values.isna().to_numpy()[needed].any():
                raise InvalidInput(
                    f"data set '{self.name}' lacks values of {name!r}; expected 1 or 0 everywhere but in test"
                )
            truth[:, place] = values.fillna(0).to_numpy(dtype=np.uint8)
        return truth

    @cached_property
    def labelled(self) -> np.ndarray:
        """Whether every label of a slice is known, (slices,) bool."""
        if not self.header.unlabelled:
            return np.ones(self.header.slices, dtype=bool)
        return self.columns(*self.label_names).notna().all(axis=1).to_numpy()

    def rows(self, split: Split) -> np.ndarray:
        """Positions in the index of a split's slices, ascending; those that are not `labelled` are left out."""
        return np.flatnonzero((self.split_codes == SPLITS.index(split)) & self.labelled)

    @cached_property
    def split_codes(self) -> np.ndarray:
        """The position in SPLITS of every slice's split, -1 without one, (slices,) int8."""
        return pd.Categorical(self.columns("split")["split"], categories=SPLITS).codes

    @cached_property
    def patient_names(self) -> pd.Series:
        """Every patient that the index names, once and sorted."""
        return pd.Series(pd.factorize(self.columns("patient")["patient"], sort=True)[1])

    def in_order(self, columns: tuple[str, ...], descending: bool = False) -> np.ndarray:
        """Positions in the index, (slices,) int32, sorted by some of its columns, the deciding one first.

        Missing values come last either way. An order is kept once it is found, for sorting a million names takes
        longer than all else that a page does.
        """
        if not columns:
            return np.arange(self.header.slices, dtype=np.int32)
        if (columns, descending) not in self._orders:
            rows = self.in_order(columns[1:], descending)
            ranks = self._ranks_of(columns[0])[rows].astype(np.int64)
            last = ranks.max(initial=0) + 1
            keys = last - ranks if descending else np.where(ranks > 0, ranks, last)
            # Where the keys are equal, what is sorted by the other columns stays so: the place there follows the key
            # in one number. Plain numbers are sorted ten times faster than by a stable argsort.
            places = np.sort(keys * len(rows) + np.arange(len(rows))) % len(rows)
            self._orders[columns, descending] = rows[places]
        return self._orders[columns, descending]

    def _ranks_of(self, column: str) -> np.ndarray:
        if column not in self._ranks:
            self._ranks[column] = dense_ranks(self.columns(column)[column])
        return self._ranks[column]

    @cached_property
    def _ranks(self) -> dict[str, np.ndarray]:
        return {}

    @cached_property
    def _orders(self) -> dict[tuple[tuple[str, ...], bool], np.ndarray]:
        return {}

    def _read_index(self, names: list[str] | None = None) -> pd.DataFrame:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            with parquet.ParquetFile(self.folder / "index.parquet", memory_map=True) as file:
                names = names or file.schema_arrow.names
                # A column in one piece, else taking a few rows of it copies all of it. Selected again, because Parquet
                # takes a column `a.b` for a part of `a`.
                index = file.read(names).select(names).combine_chunks().to_pandas()
        except (OSError, ValueError, KeyError) as error:
            raise StorageError(
                f"cannot read the index of data set '{self.name}': {error}; create the set again"
            ) from error
        pa.default_memory_pool().release_unused()  # what decoding took, as much again as the index
        return index


def dense_ranks(values: pd.Series) -> np.ndarray:
    """(n,) int32: 1 for the lowest value, 2 for the next, equal ones alike; 0 where there is none."""
    import pyarrow as pa
    from pyarrow import compute

    ranks = compute.rank(pa.array(values, from_pandas=True), tiebreaker="dense").to_numpy().astype(np.int32)
    ranks[values.isna().to_numpy()] = 0
    return ranks


def check_name(name: str) -> str:
    """A data set's name, safe as a folder's. Raises InvalidInput otherwise."""
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        raise InvalidInput(
            f"'{name}' cannot name a data set; expected 1 to 64 letters, digits, spaces, '-', '_' or '.', "
            f"beginning with a letter or digit"
        )
    return name


def suggested_name(text: str) -> str:
    """A name for a data set, made of what is possible of a text such as a file's name."""
    possible = re.sub(r"[^A-Za-z0-9 _.-]+", "-", text)[:64].strip(" .-_")
    return possible or "slices"


def open_dataset(name: str, settings: Settings) -> Dataset:
    """Open a data set by its name. Raises NotFound, naming those that exist."""
    folder = settings.datasets / check_name(name)
    header = _read_header(folder)
    if header is None:
        names = [known.name for known in list_datasets(settings)]
        hint = f"there are {', '.join(names)}" if names else "there is none yet; `mri demo` makes one"
        raise NotFound(f"there is no data set '{name}'; {hint}")
    return Dataset(folder, header)


def list_datasets(settings: Settings) -> list[Header]:
    """Headers of all data sets, newest first. A folder without a valid `dataset.json` is not a data set."""
    try:
        folders = [folder for folder in settings.datasets.iterdir() if _NAME.fullmatch(folder.name)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageError(
            f"cannot read {settings.datasets}: {error.strerror}; set MRI_HOME to another place"
        ) from error
    headers = [header for folder in folders if (header := _read_header(folder))]
    return sorted(headers, key=lambda header: header.created, reverse=True)


def _read_header(folder: Path) -> Header | None:
    try:
        return Header.model_validate_json((folder / "dataset.json").read_bytes())
    except (OSError, ValidationError):
        return None
