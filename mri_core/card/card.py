"""`Card`: the facts of an ended run, gathered from its record, its model, its predictions and its data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mri_core.card.data import DataFacts, data_facts
from mri_core.errors import InvalidInput, NotFound
from mri_core.evaluation.calibration_effect import Effects, calibration_effects
from mri_core.evaluation.report import Report
from mri_core.prediction.judged_run import JudgedRun, open_judged_run
from mri_core.prediction.model_file import ModelDescription
from mri_core.prediction.run_consistency import Consistency, consistency_of
from mri_core.prediction.run_failures import RunFailures, find_failures
from mri_core.prediction.run_report import report_of
from mri_core.quality.checks import Quality, check_dataset
from mri_core.runs.run import Run
from mri_core.settings import Settings

JUDGED = ("test", "validation")
"""The splits on which a run is judged, the one that had no say in the training first."""


@dataclass(frozen=True, eq=False)
class Card:
    """data, quality: None where the data set is gone. judged, reports: split -> the run on it, those of JUDGED it has.

    effects, failures, consistency: on `split`; the first says how far probabilities can be believed before and after
    calibrating, the last is None without the data set. written: now, in UTC.
    """

    run: Run
    description: ModelDescription
    data: DataFacts | None
    quality: Quality | None
    judged: Mapping[str, JudgedRun]
    reports: Mapping[str, Report]
    effects: Effects
    failures: RunFailures
    consistency: Consistency | None
    written: datetime

    @property
    def split(self) -> str:
        """The split that says most of the run: test where it was predicted, else validation."""
        return next(iter(self.reports))


def make_card(run: Run, settings: Settings) -> Card:
    """Gather and judge all of it, which takes seconds.

    run: with its history. Raises InvalidInput when it has not ended, NotFound when it has no model or no predictions,
    StorageError when they cannot be read.
    """
    if not run.ended:
        raise InvalidInput(f"run '{run.name}' is {run.status}, expected one that has ended; wait for it or stop it")
    judged = _judged(run, settings)
    best = next(iter(judged.values()))
    return Card(
        run=run,
        description=best.description,
        data=None if best.dataset is None else data_facts(best.dataset),
        quality=None if best.dataset is None else check_dataset(best.dataset),
        judged=judged,
        reports={split: report_of(one) for split, one in judged.items()},
        effects=calibration_effects(best.stored, best.description.calibration),
        failures=find_failures(best),
        consistency=consistency_of(best),
        written=datetime.now(UTC),
    )


def _judged(run: Run, settings: Settings) -> dict[str, JudgedRun]:
    """The run on every split that it has predictions for, of which there is at least one."""
    judged, missing = {}, []
    for split in JUDGED:
        try:
            judged[split] = open_judged_run(run, split, settings)
        except NotFound as error:
            missing.append(error)
    if not judged:
        raise missing[0]
    return judged
