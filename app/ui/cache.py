"""What is kept between reruns. The only place that uses `st.cache_*`.

Data sets and ended runs never change, so they are kept by fingerprint or id; what can change is read each time.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from mri_core.charts.scores import ReportFigures, draw_report
from mri_core.datasets.build import Build, builds
from mri_core.datasets.dataset import Dataset, Header, list_datasets, open_dataset
from mri_core.datasets.demo.start import DEMO, Attempt, last_attempt
from mri_core.datasets.statistics import label_statistics
from mri_core.evaluation.report import Report
from mri_core.prediction.answers import FileAnswer, answer_file
from mri_core.prediction.judged_run import JudgedRun, open_judged_run
from mri_core.prediction.model_file import version_of
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


def _as_it_is(run: Run) -> str:
    """An ended run changes only in its model's thresholds and calibration."""
    return f"{run.id} {version_of(run.folder)}"


@st.cache_resource(max_entries=32, show_spinner="Reading the predictions", hash_funcs={Run: _as_it_is})
def judged(run: Run, split: str) -> JudgedRun:
    """An ended run on a split, with its model's present thresholds and calibration."""
    return open_judged_run(run, split, settings())


@st.cache_resource(max_entries=32, show_spinner="Judging the predictions", hash_funcs={Run: _as_it_is})
def report(run: Run, split: str) -> Report:
    """What an ended run is worth on a split, at its model's present thresholds."""
    return report_of(judged(run, split))


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs={Run: _as_it_is})
def report_figures(run: Run, split: str) -> ReportFigures:
    """The charts of `report`: drawing them takes longer than all else on that page."""
    return draw_report(report(run, split))


@st.cache_resource(max_entries=8, show_spinner="Loading the model", hash_funcs={Run: _as_it_is})
def predictor(run: Run) -> Predictor:
    """The model of an ended run, with its present thresholds and calibration."""
    return load_predictor(run.folder)


@st.cache_data(max_entries=64, show_spinner="Reading and predicting", hash_funcs={Run: _as_it_is})
def answer(run: Run, name: str, data: bytes) -> FileAnswer:
    """What the model of a run says of one uploaded file, kept by the file's contents."""
    return answer_file(predictor(run), data, name)
