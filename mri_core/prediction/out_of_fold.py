"""Probabilities of slices by networks that never learnt from them: the runs of a cross-validation, and its sum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mri_core.datasets.dataset import Dataset
from mri_core.errors import InvalidInput
from mri_core.evaluation.predictions import load_splits
from mri_core.runs.comparison import has_results
from mri_core.runs.run import Run
from mri_core.training.spec import PARTS, TrainingSpec


@dataclass(frozen=True)
class CrossValidation:
    """Runs of the same settings, but for the part of the training patients that each leaves out.

    spec: the settings, with no part left out. ended: part -> its newest run with results; 0 is the run that learnt from
    all of them, which is no part of a cross-validation but judges validation and test with it. waiting: runs that are
    queued or running, of any part.
    """

    spec: TrainingSpec
    ended: dict[int, Run]
    waiting: tuple[Run, ...]

    @property
    def runs(self) -> tuple[Run, ...]:
        """Those with results, in the order of their parts."""
        return tuple(self.ended[part] for part in sorted(self.ended))

    @property
    def newest(self) -> Run:
        """The newest run of all."""
        return max((*self.runs, *self.waiting), key=lambda run: run.created)

    @property
    def name(self) -> str:
        """`residual-small 7, all 5 parts`: the newest run, and how much of the training slices is judged."""
        parts = len(self.ended) - (0 in self.ended)
        judged = f"{parts} of {PARTS} parts" if parts < PARTS else f"all {PARTS} parts"
        return f"{self.newest.name}, {judged if parts else 'validation and test'}"

    @property
    def missing(self) -> tuple[int, ...]:
        """Parts that no run has left out, or is about to."""
        taken = {*self.ended, *(run.spec.left_out for run in self.waiting)}
        return tuple(part for part in range(1, PARTS + 1) if part not in taken)

    @property
    def seconds(self) -> float | None:
        """What training the missing parts will take, by what the others took; None where that is unknown."""
        took = [run.timing.seconds * (1 if part else 1 - 1 / PARTS) for part, run in self.ended.items() if run.timing]
        return len(self.missing) * sum(took) / len(took) if took else None


def cross_validations(runs: Iterable[Run], dataset: Dataset) -> tuple[CrossValidation, ...]:
    """The configurations that were trained on a version of a data set, or are about to be.

    runs: newest first. The configuration of the newest comes first.
    """
    groups: dict[TrainingSpec, list[Run]] = {}
    for run in runs:
        if run.dataset_fingerprint == dataset.fingerprint and (has_results(run) or not run.ended):
            groups.setdefault(run.spec.model_copy(update={"left_out": 0}), []).append(run)
    return tuple(
        CrossValidation(
            spec=spec,
            ended={run.spec.left_out: run for run in reversed(group) if run.ended},
            waiting=tuple(run for run in group if not run.ended),
        )
        for spec, group in groups.items()
    )


def cross_validation_of(run: Run, runs: Iterable[Run], dataset: Dataset) -> CrossValidation:
    """The configuration that a run belongs to. Raises InvalidInput where it has no results on this data set."""
    spec = run.spec.model_copy(update={"left_out": 0})
    for found in cross_validations(runs, dataset):
        if found.spec == spec and found.ended:
            return found
    raise InvalidInput(
        f"run '{run.name}' has no results on this version of data set '{dataset.name}'; "
        f"expected an ended run on it: see `mri runs --dataset {dataset.name}`"
    )


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """rows: (n,) ascending index rows of the slices that some run has not learnt from.

    probabilities: (n, labels) float64, as the models gave them, the mean over those runs.
    """

    rows: np.ndarray
    probabilities: np.ndarray


def out_of_fold(runs: Sequence[Run], dataset: Dataset) -> OutOfFold:
    """Collect what runs on a data set said of slices that they had not learnt from.

    A training slice is judged by the run that left out its part, validation and test slices by all of the runs.
    Raises InvalidInput for a run on other data, NotFound for one without predictions.
    """
    total = np.zeros((dataset.header.slices, len(dataset.label_names)))
    networks = np.zeros(len(total), dtype=np.int64)
    places = pd.Index(dataset.columns("id")["id"])
    for run in runs:
        if run.dataset_fingerprint != dataset.fingerprint:
            raise InvalidInput(
                f"run '{run.name}' was trained on another version of the data than '{dataset.name}' is; "
                "expected runs on this one: train again"
            )
        for predictions in load_splits(run.folder).values():
            rows = places.get_indexer(predictions.ids)
            total[rows] += predictions.probabilities
            networks[rows] += 1
    rows = np.flatnonzero(networks)
    return OutOfFold(rows, total[rows] / networks[rows, np.newaxis])
