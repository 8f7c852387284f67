"""What follows from ended runs, kept between reruns by the version of a run's model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.ui.cache import dataset, desk, identity, settings
from mri_core.card.card import Card, make_card
from mri_core.charts.failures import FailureFigures, draw_failures
from mri_core.charts.scores import ReportFigures, draw_report
from mri_core.datasets.dataset import Header
from mri_core.evaluation.calibration import SPLIT
from mri_core.evaluation.calibration_effect import Effects, calibration_effects
from mri_core.evaluation.report import Report
from mri_core.evaluation.workbench import Workbench, make_workbench
from mri_core.prediction.answers import FileAnswer, answer_file
from mri_core.prediction.batch_job import BatchJob
from mri_core.prediction.challenge import Challenge
from mri_core.prediction.challenge import challenge as challenge_of
from mri_core.prediction.evidence import EVIDENCE
from mri_core.prediction.judged_run import JudgedRun, open_judged_run
from mri_core.prediction.model_file import version_of
from mri_core.prediction.original import Origin
from mri_core.prediction.predictor import Predictor, load_predictor
from mri_core.prediction.run_calibration import RunCalibration, calibration_of
from mri_core.prediction.run_comparison import RunComparison, compare_runs
from mri_core.prediction.run_consistency import Consistency, consistency_of
from mri_core.prediction.run_failures import RunFailures, find_failures
from mri_core.prediction.run_label_errors import LabelErrors, find_label_errors
from mri_core.prediction.run_report import report_of
from mri_core.prediction.uploads import Upload, origins_of
from mri_core.runs.run import Run

if TYPE_CHECKING:
    import numpy as np


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


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs={Run: _as_it_is})
def workbench(run: Run, label: str) -> Workbench:
    """A label's slices of the split on which thresholds are chosen."""
    return make_workbench(judged(run, SPLIT).predictions, label)


@st.cache_resource(max_entries=32, show_spinner="Fitting calibrations", hash_funcs={Run: _as_it_is})
def calibration(run: Run) -> RunCalibration:
    """What calibrating an ended run gives, beside what its model has."""
    return calibration_of(judged(run, SPLIT))


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs={Run: _as_it_is})
def calibration_effect(run: Run, split: str) -> Effects:
    """What the calibration does on a split: the model's, else the one that could be stored."""
    return calibration_effects(judged(run, split).stored, calibration(run).shown)


@st.cache_resource(max_entries=32, show_spinner="Looking for failures", hash_funcs={Run: _as_it_is})
def failures(run: Run, split: str) -> RunFailures:
    """Where an ended run errs on a split, at its model's present thresholds."""
    return find_failures(judged(run, split))


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs={Run: _as_it_is})
def failure_figures(run: Run, split: str, label: str | None) -> FailureFigures:
    """The charts of `failures`, of the errors on one label, on any when None."""
    return draw_failures(failures(run, split), label)


@st.cache_resource(max_entries=32, show_spinner="Measuring what repairs would change", hash_funcs={Run: _as_it_is})
def consistency(run: Run, split: str) -> Consistency | None:
    """Whether the answers of an ended run respect the label tree; None where the training slices are gone."""
    return consistency_of(judged(run, split))


@st.cache_resource(max_entries=16, show_spinner="Comparing the runs on resampled patients", hash_funcs={Run: _as_it_is})
def comparison(runs: tuple[Run, ...], split: str) -> RunComparison:
    """Ended runs of one data set version beside the first of them, at their models' present thresholds."""
    return compare_runs([judged(run, split) for run in runs])


@st.cache_resource(max_entries=32, show_spinner="Comparing with the champion", hash_funcs={Run: _as_it_is})
def challenge(run: Run, champion: Run | None) -> Challenge:
    """An ended run beside the champion of its data set, at the present thresholds of both models."""
    return challenge_of(run, champion, settings())


@st.cache_resource(
    max_entries=8, show_spinner="Comparing labels with the networks", hash_funcs={Header: identity, Run: _as_it_is}
)
def label_errors(header: Header, runs: tuple[Run, ...]) -> LabelErrors:
    """What runs on a data set dispute of its labels."""
    return find_label_errors(runs, dataset(header))


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs={Run: _as_it_is})
def card(run: Run) -> Card:
    """The model card of an ended run, made when it is first downloaded."""
    return make_card(run, settings())


@st.cache_resource(max_entries=8, show_spinner="Loading the model", hash_funcs={Run: _as_it_is})
def predictor(run: Run) -> Predictor:
    """The model of an ended run, with its present thresholds and calibration."""
    return load_predictor(run.folder)


@st.cache_data(max_entries=64, show_spinner="Reading and predicting", hash_funcs={Run: _as_it_is})
def answer(run: Run, name: str, data: bytes) -> FileAnswer:
    """What the model of a run says of one uploaded file, kept by the file's contents."""
    return answer_file(predictor(run), data, name)


def batch(run: Run, upload: Upload) -> BatchJob:
    """The files of an upload being answered by the model of a run: begun once, whoever asks and how often."""
    return desk().job(upload, _as_it_is(run), lambda: predictor(run))


def begin_again(run: Run, upload: Upload) -> None:
    """Have `batch` answer all files anew."""
    desk().forget_job(upload, _as_it_is(run))


@st.cache_resource(
    max_entries=8,
    show_spinner="Looking the file up",
    hash_funcs={
        Upload: lambda upload: upload.id,
        FileAnswer: lambda answer: [len(answer.predictions), *(one.place for one in answer.sources)],
    },
)
def origins(upload: Upload, answer: FileAnswer) -> list[Origin]:
    """Where each slice of an answer comes from."""
    return origins_of(upload, answer)


@st.cache_data(max_entries=64, show_spinner="Looking for the evidence", hash_funcs={Run: _as_it_is})
def evidence(run: Run, kind: str, seen: np.ndarray) -> dict[str, np.ndarray] | None:
    """Where in a slice the model of a run finds evidence for each label, by a way of EVIDENCE; None where it cannot."""
    return EVIDENCE[kind].find(predictor(run), seen)
