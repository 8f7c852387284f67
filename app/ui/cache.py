"""What is kept between reruns. The only place that uses `st.cache_*`.

Data sets and ended runs never change, so they are kept by fingerprint or id; what can change is read each time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from mri_core.charts.scores import ReportFigures, draw_report
from mri_core.datasets.build import Build, builds
from mri_core.datasets.dataset import Dataset, Header, list_datasets, open_dataset
from mri_core.datasets.demo.start import DEMO, Attempt, last_attempt
from mri_core.datasets.statistics import label_statistics
from mri_core.evaluation.report import Report
from mri_core.prediction.answers import FileAnswer, answer_file
from mri_core.prediction.predictor import Predictor, load_predictor
from mri_core.prediction.run_report import report_of
from mri_core.runs.liveness import settle
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings


def settings() -> Settings:
    return Settings()


def store() -> RunStore:
    return RunStore(settings())


def headers() -> list[Header]:
    """Headers of all data sets, newest first."""
    return list_datasets(settings())


def datasets_being_made() -> list[Build]:
    return builds(settings())


def last_demo_attempt() -> Attempt | None:
    """What became of the demo set that was last started here."""
    return last_attempt(settings(), DEMO)


def _identity(header: Header) -> str:
    return f"{header.name} {header.created} {header.fingerprint}"


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs={Header: _identity})
def dataset(header: Header) -> Dataset:
    """An open data set; its index and pixels stay mapped."""
    return open_dataset(header.name, settings())


@st.cache_data(max_entries=8, show_spinner="Counting labels", hash_funcs={Header: _identity})
def statistics(header: Header) -> dict[str, Any]:
    return label_statistics(dataset(header))


def runs(dataset_name: str | None = None) -> list[Run]:
    """Runs without their histories, newest first, as they are now."""
    return [settle(store(), run) for run in store().list(dataset_name)]


def latest_runs(dataset_name: str, count: int) -> list[Run]:
    """The newest runs of a data set, without their histories, as they are now."""
    return [settle(store(), run) for run in store().list(dataset_name, limit=count)]


def run(run_id: str) -> Run:
    """A run with its history, as it is now. Not kept: reading one takes milliseconds, and a run can be deleted."""
    return settle(store(), store().get(run_id))


def active_run(dataset_name: str) -> Run | None:
    """The run of a data set that is running, else the newest that waits, without its history."""
    for status in ("running", "queued"):
        if newest := store().list(dataset_name, statuses=(status,), limit=1):
            return settle(store(), newest[0])
    return None


@st.cache_resource(max_entries=32, show_spinner="Judging the predictions")
def report(folder: Path, split: str) -> Report:
    """What the ended run kept in a folder is worth on a split, at its model's thresholds."""
    return report_of(store().get(folder.name), split, settings())


@st.cache_resource(max_entries=32, show_spinner=False)
def report_figures(folder: Path, split: str) -> ReportFigures:
    """The charts of `report`: drawing them takes longer than all else on that page."""
    return draw_report(report(folder, split))


@st.cache_resource(max_entries=8, show_spinner="Loading the model")
def predictor(folder: Path) -> Predictor:
    """The model of an ended run."""
    return load_predictor(folder)


@st.cache_data(max_entries=64, show_spinner="Reading and predicting")
def answer(folder: Path, name: str, data: bytes) -> FileAnswer:
    """What the model of a run says of one uploaded file, kept by the file's contents."""
    return answer_file(predictor(folder), data, name)
