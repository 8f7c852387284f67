"""Ended runs beside each other on one split: is each really better than the first, and on which slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mri_core.errors import InvalidInput
from mri_core.evaluation.bootstrap import LEVEL
from mri_core.evaluation.comparison import Comparison, Difference, compare
from mri_core.evaluation.contenders import Contender
from mri_core.evaluation.counts import predicted_labels
from mri_core.evaluation.paths import Path
from mri_core.prediction.judged_run import JudgedRun
from mri_core.runs.comparison import differing_settings, distinct_names, has_results
from mri_core.runs.configurations import Configuration, fold_configurations
from mri_core.runs.run import Run

Verdict = Literal["better beyond chance", "worse beyond chance", "not told apart"]

LESS_IS_BETTER = ("hamming_loss", "brier", "log_loss", "false_alarm_rate", "false_alarm_rate_per_patient")
"""Scores that fall as a run gets better; all others rise."""


@dataclass(frozen=True, eq=False)
class RunComparison:
    """runs: at least two, the first is the reference. names: theirs, told apart, by which the comparisons call them.

    comparisons: of every other run with the reference. configurations: the runs folded over their seeds, empty where
    no settings come with several.
    """

    split: str
    runs: tuple[Run, ...]
    names: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    configurations: tuple[Configuration, ...]

    def to_json(self) -> dict[str, Any]:
        """The document of `mri compare --json`."""
        reference = self.runs[0]
        return {
            "split": self.split,
            "dataset": {"name": reference.dataset_name, "fingerprint": reference.dataset_fingerprint},
            "reference": reference.id,
            "runs": [{"id": run.id, "name": name} for run, name in zip(self.runs, self.names, strict=True)],
            "settings": {field: list(values) for field, values in differing_settings(self.runs).items()},
            "comparisons": [comparison.to_json() for comparison in self.comparisons],
            "seeds": [configuration.to_json() for configuration in self.configurations],
        }


@dataclass(frozen=True)
class Disputed:
    """A slice that two runs judge differently, with the labels that are true and those that each predicts.

    row: its position in the data set, None where that is gone. patient: None where unknown.
    """

    id: str
    row: int | None
    patient: str | None
    truth: tuple[str, ...]
    a: tuple[str, ...]
    b: tuple[str, ...]


def check_comparable(runs: Sequence[Run]) -> None:
    """Raises InvalidInput for fewer than two runs, one given twice, one without results, or other data set versions."""
    if len({run.id for run in runs}) < len(runs):
        twice = next(run for place, run in enumerate(runs) if run.id in {other.id for other in runs[:place]})
        raise InvalidInput(f"run '{twice.name}' ({twice.id[:8]}) is given twice; expected each run once")
    if len(runs) < 2:
        raise InvalidInput(f"{len(runs)} run was given; expected at least two: the reference, then what is compared")
    names = distinct_names(runs)
    for run, name in zip(runs, names, strict=True):
        if not has_results(run):
            raise InvalidInput(
                f"{name} is {run.status} and has no predictions; expected runs that ended with a model: "
                "let it finish, or leave it out"
            )
        if run.dataset_fingerprint != runs[0].dataset_fingerprint:
            raise InvalidInput(other_version(runs[0], run, names[0], name))


def other_version(reference: Run, run: Run, reference_name: str, name: str) -> str:
    """Why a run on another data set version cannot be compared with the reference."""
    ours, theirs = reference.dataset_fingerprint[:12], run.dataset_fingerprint[:12]
    return (
        f"{name} was trained on another version of the data ({theirs}) than {reference_name} ({ours}); "
        "expected the same slices, labels and splits: train one of them again"
    )


def compare_runs(judged: Sequence[JudgedRun]) -> RunComparison:
    """Compare runs that `check_comparable` lets through, on the same split, with the first of them.

    Patients are drawn, or slices where patients are unknown or the data set is gone. Raises InvalidInput as `compare`.
    """
    runs = tuple(one.run for one in judged)
    names = tuple(distinct_names(runs))
    reference, *others = (
        Contender(name, one.run.dataset_fingerprint, one.predictions, one.thresholds.tolist())
        for name, one in zip(names, judged, strict=True)
    )
    comparisons = compare(reference, others, judged[0].patients)
    scores = [{path: found.a for path, found in comparisons[0].differences.items()}]
    scores += [{path: found.b for path, found in one.differences.items()} for one in comparisons]
    return RunComparison(judged[0].split, runs, names, comparisons, fold_configurations(runs, scores))


def verdict(path: Path, difference: Difference) -> Verdict:
    """Whether a difference in a score is more than chance at 5 %, however many runs were compared."""
    return judged_by(-difference.value if path[-1] in LESS_IS_BETTER else difference.value, difference.adjusted_p)


def judged_by(gain: float, p_value: float) -> Verdict:
    """The verdict on a gain (above 0 is better) by its p-value, NaN where there is no test."""
    if not p_value < 1 - LEVEL:
        return "not told apart"
    return "better beyond chance" if gain > 0 else "worse beyond chance"


def disputed(a: JudgedRun, b: JudgedRun, ids: Sequence[str]) -> list[Disputed]:
    """What is known of some slices that both runs have judged."""
    names = a.predictions.label_names

    def labels(values: Any) -> tuple[str, ...]:
        return tuple(name for name, on in zip(names, values, strict=True) if on)

    def answers(judged: JudgedRun) -> dict[str, int]:
        return {slice_id: place for place, slice_id in enumerate(judged.predictions.ids.tolist())}

    places_a, places_b = answers(a), answers(b)
    predicted_a, predicted_b = (predicted_labels(one.predictions.probabilities, one.thresholds) for one in (a, b))
    found = []
    for slice_id in ids:
        place = places_a[slice_id]
        patient = None if a.patients is None else a.patients[place]
        found.append(
            Disputed(
                id=slice_id,
                row=None if a.rows is None else int(a.rows[place]),
                patient=patient if isinstance(patient, str) else None,
                truth=labels(a.predictions.truth[place]),
                a=labels(predicted_a[place]),
                b=labels(predicted_b[places_b[slice_id]]),
            )
        )
    return found
