"""The calibration of a run: what fitting on its validation slices gives, and what its model has."""

from __future__ import annotations

from dataclasses import dataclass

from mri_core.evaluation.calibration import Calibration, fit_calibrations
from mri_core.evaluation.clusters import find_clusters
from mri_core.prediction.judged_run import JudgedRun


@dataclass(frozen=True)
class RunCalibration:
    """fitted: label -> calibration. refused: label -> why there is none. stored: label -> the model's present one."""

    fitted: dict[str, Calibration]
    refused: dict[str, str]
    stored: dict[str, Calibration]

    @property
    def shown(self) -> dict[str, Calibration]:
        """What to compare with the model's own probabilities: its calibration, else the one to be stored."""
        return self.stored or self.fitted

    @property
    def is_stored(self) -> bool:
        """Whether the model has what fitting gives; two fits to the same slices differ in their dates only."""
        ours, theirs = (
            {name: (one.kind, one.parameters) for name, one in each.items()} for each in (self.fitted, self.stored)
        )
        return ours == theirs


def calibration_of(judged: JudgedRun) -> RunCalibration:
    """Fit every label that can be. judged: the run on validation; all slices of a patient are held out together.

    Raises InvalidInput on any other split.
    """
    clusters = find_clusters(judged.patients, len(judged.stored.ids))
    patients = clusters.of_slice if clusters.unit == "patient" else None
    fitted, refused = fit_calibrations(judged.stored, patients, split=judged.split)
    return RunCalibration(fitted, refused, judged.description.calibration)
