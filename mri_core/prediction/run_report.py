"""The report of a run: its stored probabilities as its model would give them now, and the patients behind them."""

from __future__ import annotations

from mri_core.evaluation.report import Report, make_report
from mri_core.prediction.judged_run import JudgedRun


def report_of(judged: JudgedRun) -> Report:
    """Judge a run at its model's thresholds, with its calibration.

    Where the data set it was trained on is gone, slices are resampled instead of patients.
    """
    thresholds = judged.description.thresholds
    if judged.dataset is None:
        return make_report(judged.predictions, thresholds)
    train = judged.dataset.truth[judged.dataset.rows("train")]
    return make_report(judged.predictions, thresholds, judged.patients, train.mean(axis=0))
