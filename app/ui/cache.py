"""What is kept of data sets and files between reruns. Only this, recorded.py and judgements.py use `st.cache_*`.

Data sets never change, so they are kept by fingerprint; what can change is read each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from mri_core.datasets.build import Build, builds
from mri_core.datasets.dataset import Dataset, Header, list_datasets, open_dataset
from mri_core.datasets.importing.looking import columns_apart, preview_apart
from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import Preview
from mri_core.datasets.importing.uploads import keep_upload
from mri_core.datasets.making import Attempt, import_report, last_attempt
from mri_core.datasets.statistics import label_statistics
from mri_core.embedding.map import kept_map, make_map, map_table
from mri_core.images.apart import read_apart
from mri_core.images.preprocessing import Preprocessing
from mri_core.images.slice import Slice
from mri_core.prediction.uploads import Desk, Upload, make_upload
from mri_core.quality.checks import Quality, check_dataset
from mri_core.settings import Settings, present_settings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def settings() -> Settings:
    return present_settings()


def headers() -> list[Header]:
    """Headers of all data sets, newest first."""
    return list_datasets(settings())


def datasets_being_made() -> list[Build]:
    return builds(settings())


def last_making(name: str) -> Attempt | None:
    """What became of the data set of this name that was last started here."""
    return last_attempt(settings(), name)


def report_of_making(name: str) -> str:
    """What the import of this name, last started here, left out, as CSV."""
    return import_report(settings(), name)


@st.cache_resource(
    max_entries=16, show_spinner="Keeping the upload", hash_funcs={UploadedFile: lambda file: file.file_id}
)
def kept_upload(file: UploadedFile) -> Path:
    """Where an uploaded file is kept until it has been imported."""
    return keep_upload(settings(), file, file.name)


_OF_A_PLACE = {Path: str, Choices: repr}


@st.cache_resource(max_entries=8, ttl=60, show_spinner="Looking at the files", hash_funcs=_OF_A_PLACE)
def import_preview(place: Path, choices: Choices, kind: str | None) -> Preview:
    """What an import would take. Looked at again after a minute, for files may change."""
    return preview_apart(place, choices, kind)


@st.cache_resource(max_entries=8, ttl=60, show_spinner=False, hash_funcs=_OF_A_PLACE)
def label_table(place: Path, table: Path | None) -> tuple[str, ...]:
    """The columns of the table of labels that a place has or that is named beside it; none where there is no table."""
    return columns_apart(place, table)


@st.cache_resource(max_entries=8, show_spinner="Reading the file", hash_funcs={Preprocessing: repr})
def slices_of(data: bytes, name: str, preprocessing: Preprocessing) -> list[Slice]:
    """The slices of an uploaded file, kept by its contents."""
    return read_apart(data, name, preprocessing)


@st.cache_resource(show_spinner=False)
def desk() -> Desk:
    """The last uploads of all sessions and the batches over them; a session asks for its own by their ids."""
    return Desk()


def upload(files: Sequence[UploadedFile]) -> Upload:
    """Files that were dropped together, the same for the same files."""
    return desk().upload(_upload_id(tuple(files))) or desk().keep(_upload_of(files))


def kept_earlier(upload_id: str | None) -> Upload | None:
    """An upload by its id, None where it has made way for others."""
    return desk().upload(upload_id) if upload_id else None


@st.cache_data(
    max_entries=32, show_spinner="Looking at the files", hash_funcs={UploadedFile: lambda file: file.file_id}
)
def _upload_id(files: tuple[UploadedFile, ...]) -> str:
    return _upload_of(files).id


def _upload_of(files: Sequence[UploadedFile]) -> Upload:
    return make_upload([(file.name, file.getvalue()) for file in files])


def identity(header: Header) -> str:
    return f"{header.name} {header.created} {header.fingerprint}"


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs={Header: identity})
def dataset(header: Header) -> Dataset:
    """An open data set; its index and pixels stay mapped."""
    return open_dataset(header.name, settings())


@st.cache_data(max_entries=8, show_spinner="Counting labels", hash_funcs={Header: identity})
def statistics(header: Header) -> dict[str, Any]:
    return label_statistics(dataset(header))


_MOST_CHECKED = 8


@st.cache_resource(show_spinner=False)
def _checked() -> dict[str, Quality]:
    """Data set -> what was found in it. Filled when a check is asked for, so that one can ask without checking."""
    return {}


def quality(header: Header) -> Quality | None:
    """What the checks of a data set found, or None when it was not checked yet."""
    return _checked().get(identity(header))


def check_quality(header: Header, progress: Callable[[str, int, int], None]) -> None:
    """Check a data set, so that `quality` knows it. progress: called with a check's name, checks done and in all."""
    kept = _checked()
    kept[identity(header)] = check_dataset(dataset(header), progress=progress)
    for old in list(kept)[:-_MOST_CHECKED]:
        del kept[old]


def slice_map(header: Header) -> pd.DataFrame | None:
    """The points of a data set's map, or None when it was not made yet."""
    points = kept_map(dataset(header))
    return None if points is None else _map_table(header, points)


def make_slice_map(header: Header, vectors: np.ndarray) -> pd.DataFrame:
    """Make a data set's map, so that `slice_map` knows it. vectors: its embedding."""
    return _map_table(header, make_map(dataset(header), vectors))


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs={Header: identity})
def _map_table(header: Header, _points: np.ndarray) -> pd.DataFrame:
    return map_table(dataset(header), _points)
