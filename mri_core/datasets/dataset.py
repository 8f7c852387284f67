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

    def columns(self, *names: str) -> pd.DataFrame:
        """Some columns of the index, which for a million slices is a fraction of the memory that all of them take."""
        return self.index[list(names)] if "index" in self.__dict__ else self._read_index(list(names))

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
        labels = self.columns(*self.label_names)
        needed = self._splits != SPLITS.index("test")
        if missing := [name for name in self.label_names if labels[name].isna().to_numpy()[needed].any()]:
            raise InvalidInput(
                f"data set '{self.name}' lacks values of {missing[0]!r}; expected 1 or 0 everywhere but in test"
            )
        return labels.fillna(0).to_numpy(dtype=np.uint8)

    @cached_property
    def labelled(self) -> np.ndarray:
        """Whether every label of a slice is known, (slices,) bool."""
        if not self.header.unlabelled:
            return np.ones(self.header.slices, dtype=bool)
        return self.columns(*self.label_names).notna().all(axis=1).to_numpy()

    def rows(self, split: Split) -> np.ndarray:
        """Positions in the index of a split's slices, ascending; those that are not `labelled` are left out."""
        return np.flatnonzero((self._splits == SPLITS.index(split)) & self.labelled)

    @cached_property
    def _splits(self) -> np.ndarray:
        """The position in SPLITS of every slice's split, (slices,) int8."""
        return pd.Categorical(self.columns("split")["split"], categories=SPLITS).codes

    def _read_index(self, names: list[str] | None = None) -> pd.DataFrame:
        try:
            return pd.read_parquet(self.folder / "index.parquet", columns=names)
        except (OSError, ValueError) as error:
            raise StorageError(
                f"cannot read the index of data set '{self.name}': {error}; create the set again"
            ) from error


def check_name(name: str) -> str:
    """A data set's name, safe as a folder's. Raises InvalidInput otherwise."""
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        raise InvalidInput(
            f"'{name}' cannot name a data set; expected 1 to 64 letters, digits, spaces, '-', '_' or '.', "
            f"beginning with a letter or digit"
        )
    return name


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
