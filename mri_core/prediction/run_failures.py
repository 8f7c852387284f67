"""Where a run errs on one split: on which slices, of which patients, and whether there is a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from mri_core.errors import NotFound
from mri_core.evaluation.checks import checked_scores
from mri_core.evaluation.counts import predicted_labels
from mri_core.evaluation.failures import (
    LabelSetConfusion,
    error_by,
    label_set_confusion,
    labels_carried,
    mean_intensity,
    worst_slices,
)
from mri_core.evaluation.log_loss import log_losses
from mri_core.evaluation.proportion import wilson
from mri_core.prediction.judged_run import JudgedRun

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["largest loss", "false positives", "false negatives"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Which slices to look at: all, those on which a label is predicted wrongly, or those on which one is missed."""

POSITION, LABELS_CARRIED, INTENSITY = "position", "labels carried", "mean intensity"


@dataclass(frozen=True)
class ErrorRate:
    """wrong of so many slices. rate: in [0, 1]; low, high: its 95 % Wilson interval."""

    wrong: int
    slices: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class JudgedSlice:
    """One slice, and what the model says of it.

    place: its row in the predictions. row: in the data set's index, None when the set is gone. truth: labels that it
    carries; labels: those that the model gives it. probabilities, thresholds: by label, in [0, 1]. loss: log loss, mean
    over the labels looked at; worst_label: the one of them with the largest.
    """

    place: int
    id: str
    patient: str | None
    row: int | None
    truth: tuple[str, ...]
    labels: tuple[str, ...]
    probabilities: dict[str, float]
    thresholds: dict[str, float]
    loss: float
    worst_label: str

    def to_json(self) -> dict[str, Any]:
        kept = ("id", "patient", "truth", "labels", "probabilities", "loss")
        return {"predicted" if name == "labels" else name: getattr(self, name) for name in kept}


@dataclass(frozen=True, eq=False)
class RunFailures:
    """A run's answers at its model's thresholds beside the truth.

    predicted: (slices, labels) bool. covariates: name -> (slices,) float, what errors are set against, NaN where
    unknown; one that is known of no slice is left out.
    Wherever a label is asked for, None stands for any label; NotFound is raised for one the run does not have.
    """

    judged: JudgedRun
    predicted: np.ndarray
    confusion: LabelSetConfusion
    covariates: dict[str, np.ndarray]

    def wrong(self, label: str | None = None) -> np.ndarray:
        """(slices,) bool: whether the label is judged wrongly."""
        columns = self._columns(label)
        return (self.predicted != self._truth)[:, columns].any(axis=1)

    def error_rate(self, label: str | None = None) -> ErrorRate:
        """Over all slices of the split."""
        wrong = self.wrong(label)
        low, high = wilson(wrong.sum(), len(wrong))
        return ErrorRate(int(wrong.sum()), len(wrong), float(wrong.mean()), float(low), float(high))

    def error_rates(self, label: str | None = None) -> dict[str, pd.DataFrame]:
        """Covariate -> its table of `error_by`."""
        wrong = self.wrong(label)
        return {name: error_by(values, wrong) for name, values in self.covariates.items()}

    def by_patient(self, label: str | None = None) -> pd.DataFrame | None:
        """One row a patient, the most errors first: patient, slices, wrong, rate, and rate_low and rate_high, its 95 %
        Wilson interval.

        None where no patient is known. Slices of unknown patients are left out.
        """
        import pandas as pd

        patients = self.judged.patients
        if patients is None or pd.isna(patients).all():
            return None
        groups = pd.Series(self.wrong(label)).groupby(patients)
        table = groups.agg(["size", "sum"]).rename(columns={"size": "slices", "sum": "wrong"})
        table["rate"] = table["wrong"] / table["slices"]
        table["rate_low"], table["rate_high"] = wilson(table["wrong"], table["slices"])
        ordered = table.sort_values(["wrong", "rate"], ascending=False, kind="stable")
        return ordered.rename_axis("patient").reset_index()

    def worst(self, kind: Kind = "largest loss", label: str | None = None, patient: str | None = None) -> np.ndarray:
        """Places of slices in the predictions, the largest log loss of the label first. patient: of this one only.

        For one label that puts the most confident false positive, or false negative, first.
        """
        columns = self._columns(label)
        truth, predicted = self._truth[:, columns], self.predicted[:, columns]
        among = np.ones(len(truth), dtype=bool)
        if kind != "largest loss":
            among = (predicted & ~truth if kind == "false positives" else truth & ~predicted).any(axis=1)
        if patient is not None:
            patients = self.judged.patients
            among &= np.zeros(len(truth), dtype=bool) if patients is None else patients == patient
        probabilities = self.judged.predictions.probabilities[:, columns]
        return worst_slices(truth, probabilities, most=len(truth), among=among).rows

    def slices(self, places: Sequence[int] | np.ndarray, label: str | None = None) -> list[JudgedSlice]:
        """What is known of the slices at some places, in their order."""
        columns, judged, names = self._columns(label), self.judged, self.judged.predictions.label_names
        probabilities = judged.predictions.probabilities
        thresholds = {name: float(value) for name, value in zip(names, judged.thresholds, strict=True)}
        losses = log_losses(self._truth[places][:, columns], probabilities[places][:, columns])
        return [
            JudgedSlice(
                place=int(place),
                id=str(judged.predictions.ids[place]),
                patient=self._patient(place),
                row=None if judged.rows is None else int(judged.rows[place]),
                truth=_names_on(names, self._truth[place]),
                labels=_names_on(names, self.predicted[place]),
                probabilities={name: float(p) for name, p in zip(names, probabilities[place], strict=True)},
                thresholds=thresholds,
                loss=float(loss.mean()),
                worst_label=names[columns[int(loss.argmax())]],
            )
            for place, loss in zip(places, losses, strict=True)
        ]

    def place_of(self, slice_id: str) -> int:
        """The place of a slice in the predictions. Raises NotFound, naming one that exists."""
        ids = self.judged.predictions.ids
        places = np.flatnonzero(ids == slice_id)
        if not len(places):
            raise NotFound(
                f"there is no slice '{slice_id}' among the {self.judged.split} slices of this run; "
                f"expected an id such as {ids[0]}"
            )
        return int(places[0])

    def to_json(self, label: str | None = None, most: int = 20) -> dict[str, Any]:
        """The document of `mri failures --json`, without the label tree. most: slices in "worst"."""
        table = self.by_patient(label)
        return {
            "run": self.judged.run.id,
            "split": self.judged.split,
            "label": label,
            "errors": asdict(self.error_rate(label)),
            "label_sets": {**asdict(self.confusion), "counts": self.confusion.counts.tolist()},
            "worst": [one.to_json() for one in self.slices(self.worst(label=label)[:most], label)],
            "error_rates": {name: rates.to_dict("records") for name, rates in self.error_rates(label).items()},
            "patients": None if table is None else table[:most].to_dict("records"),
        }

    @property
    def _truth(self) -> np.ndarray:
        return self.judged.predictions.truth.astype(bool)

    def _columns(self, label: str | None) -> list[int]:
        names = self.judged.predictions.label_names
        if label is None:
            return list(range(len(names)))
        if label not in names:
            raise NotFound(f"the run has no label '{label}'; expected one of {', '.join(names)}")
        return [names.index(label)]

    def _patient(self, place: int) -> str | None:
        patient = None if self.judged.patients is None else self.judged.patients[place]
        return patient if isinstance(patient, str) else None


def find_failures(judged: JudgedRun) -> RunFailures:
    """Judge every slice of a run on one split. Raises InvalidInput when truth or probabilities are no such."""
    truth, probabilities = checked_scores(judged.predictions.truth, judged.predictions.probabilities)
    predicted = predicted_labels(probabilities, judged.thresholds)
    covariates = {LABELS_CARRIED: labels_carried(truth)}
    if judged.dataset is not None:
        positions = judged.dataset.columns("position")["position"].to_numpy(dtype=float, na_value=np.nan)[judged.rows]
        intensities = mean_intensity(judged.dataset.pixels, judged.rows)
        covariates = {POSITION: positions, **covariates, INTENSITY: intensities}
    return RunFailures(
        judged=judged,
        predicted=predicted,
        confusion=label_set_confusion(truth, predicted, judged.predictions.label_names),
        covariates={name: values for name, values in covariates.items() if not np.isnan(values).all()},
    )


def _names_on(names: tuple[str, ...], on: np.ndarray) -> tuple[str, ...]:
    return tuple(name for name, present in zip(names, on, strict=True) if present)
