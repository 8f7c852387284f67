"""An ended run on one split, with all that judging it takes: probabilities, model, slices and patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mri_core.datasets.dataset import Dataset, list_datasets, open_dataset
from mri_core.evaluation.calibration import calibrated_predictions
from mri_core.evaluation.predictions import Predictions, load_predictions
from mri_core.prediction.model_file import ModelDescription, read_description
from mri_core.runs.run import Run
from mri_core.settings import Settings


@dataclass(frozen=True, eq=False)
class JudgedRun:
    """stored: predictions as the model gave them; predictions: the same, calibrated as the model is now.

    dataset: the one the run was trained on, None where that is gone. rows: (slices,) the index rows of the predicted
    slices in it, and patients: (slices,), missing where unknown; None, both, without the data set.
    """

    run: Run
    split: str
    description: ModelDescription
    stored: Predictions
    predictions: Predictions
    dataset: Dataset | None
    rows: np.ndarray | None
    patients: np.ndarray | None

    @property
    def thresholds(self) -> np.ndarray:
        """The model's thresholds, (labels,) in the order of the predictions' columns."""
        return np.array([self.description.thresholds[name] for name in self.predictions.label_names])


def open_judged_run(run: Run, split: str, settings: Settings) -> JudgedRun:
    """Read what is known of an ended run on "validation" or "test".

    Raises NotFound when the run has no model or no predictions for the split.
    """
    description = read_description(run.folder)
    stored = load_predictions(run.folder, split)
    dataset = trained_on(run, settings)
    rows = patients = None
    if dataset is not None:
        index = dataset.columns("id", "patient")
        rows = index.reset_index().set_index("id")["index"].reindex(stored.ids).to_numpy()
        patients = index["patient"].to_numpy(dtype=object)[rows]
    return JudgedRun(
        run=run,
        split=split,
        description=description,
        stored=stored,
        predictions=calibrated_predictions(stored, description.calibration),
        dataset=dataset,
        rows=rows,
        patients=patients,
    )


def trained_on(run: Run, settings: Settings) -> Dataset | None:
    """The data set with the run's fingerprint, whatever it is called by now."""
    same = (header for header in list_datasets(settings) if header.fingerprint == run.dataset_fingerprint)
    return next((open_dataset(header.name, settings) for header in same), None)
