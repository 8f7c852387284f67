"""The report of a run: its stored probabilities as its model would give them now, and the patients behind them."""

from __future__ import annotations

import numpy as np

from mri_core.datasets.dataset import Dataset, list_datasets, open_dataset
from mri_core.evaluation.calibration import calibrated_predictions
from mri_core.evaluation.predictions import Predictions, load_predictions
from mri_core.evaluation.report import Report, make_report
from mri_core.prediction.model_file import read_description
from mri_core.runs.run import Run
from mri_core.settings import Settings


def report_of(run: Run, split: str, settings: Settings) -> Report:
    """Judge an ended run on "validation" or "test" at its model's thresholds, with its calibration.

    Patients and the training prevalence come from the data set it was trained on; where that is gone, slices are
    resampled instead of patients. Raises NotFound when the run has no predictions for the split.
    """
    description = read_description(run.folder)
    predictions = calibrated_predictions(load_predictions(run.folder, split), description.calibration)
    dataset = _trained_on(run, settings)
    if dataset is None:
        return make_report(predictions, description.thresholds)
    train = dataset.truth[dataset.rows("train")]
    return make_report(predictions, description.thresholds, _patients(dataset, predictions), train.mean(axis=0))


def _trained_on(run: Run, settings: Settings) -> Dataset | None:
    """The data set with the run's fingerprint, whatever it is called by now."""
    same = (header for header in list_datasets(settings) if header.fingerprint == run.dataset_fingerprint)
    return next((open_dataset(header.name, settings) for header in same), None)


def _patients(dataset: Dataset, predictions: Predictions) -> np.ndarray:
    """The patient of each predicted slice, (slices,), missing where unknown."""
    known = dataset.columns("id", "patient").set_index("id")["patient"]
    return known.reindex(predictions.ids).to_numpy(dtype=object)
