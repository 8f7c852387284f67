"""A run against the champion of its data set: is it better, worse, or are the two not told apart?

On validation slices, because a champion is a choice: test slices that had a say in it could judge nothing any more. Two
scores are looked at, so their p-values are Holm's over both: of runs that are equally good at most one in twenty is
called better or worse. Thresholds chosen on validation slices favour their run there a little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from mri_core import words
from mri_core.errors import MriError
from mri_core.evaluation.comparison import Difference
from mri_core.evaluation.evaluation import evaluate
from mri_core.evaluation.intervals import Resampling
from mri_core.evaluation.mcnemar import holm
from mri_core.prediction.judged_run import open_judged_run
from mri_core.prediction.run_comparison import compare_runs, judged_by
from mri_core.runs.champions import Grounds, Verdict
from mri_core.runs.comparison import distinct_names
from mri_core.runs.run import Run
from mri_core.settings import Settings
from mri_core.training.spec import PARTS

SPLIT = "validation"
COMPARED = {"micro_f1": "micro", "macro_f1": "macro"}
"""Score -> the average whose F1 it is."""


@dataclass(frozen=True)
class Challenge:
    """A run beside the present champion of its data set.

    champion: None where there is none yet. told: the verdict in a sentence, with the reason where not comparable.
    scores: of COMPARED, the run's own on `slices` validation slices, in [0, 1] or NaN where undefined.
    differences: of COMPARED, what the run (b) has more than the champion (a); adjusted_p is Holm's over the scores.
    Empty, and resampling None, unless the two were compared.
    """

    run: Run
    champion: Run | None
    verdict: Verdict
    told: str
    slices: int
    scores: Mapping[str, float]
    differences: Mapping[str, Difference] = field(default_factory=dict)
    resampling: Resampling | None = None

    @property
    def caution(self) -> str | None:
        """What speaks against promoting the run whatever the scores say, as a sentence; None where nothing does."""
        part = self.run.spec.left_out
        if not part:
            return None
        return (
            f"{self.run.name} was trained for a cross-validation and has not learnt from part {part} of {PARTS} of the "
            "training patients; rather promote a run of the same settings that leaves none out."
        )

    def grounds(self) -> Grounds:
        """What the history of champions keeps of this, should the run be promoted: the differences in words too."""
        measured = ", ".join(
            f"{name.replace('_f1', '-F1')} {_measured(each)}" for name, each in self.differences.items()
        )
        told = f"{self.told} The differences: {measured}." if measured else self.told
        return Grounds(
            verdict=self.verdict,
            told=told if self.champion else "There was no champion before.",
            scores={name: None if np.isnan(score) else score for name, score in self.scores.items()},
            against=self.champion.id if self.champion else None,
        )

    def to_json(self) -> dict[str, Any]:
        """Undefined numbers are NaN."""
        return {
            "run": self.run.id,
            "champion": self.champion.id if self.champion else None,
            "verdict": self.verdict,
            "told": self.told,
            "caution": self.caution,
            "split": SPLIT,
            "slices": self.slices,
            "scores": dict(self.scores),
            "differences": {name: asdict(found) for name, found in self.differences.items()},
            "resampling": asdict(self.resampling) if self.resampling else None,
        }


def challenge(run: Run, champion: Run | None, settings: Settings) -> Challenge:
    """Compare a run with the champion of its data set, each at its model's own thresholds and calibration.

    A champion that cannot be compared, because it saw another version of the data or lost its predictions, is a verdict
    too. Raises NotFound when the run itself has no model or no predictions, InvalidInput when these are no such.
    """
    ours = open_judged_run(run, SPLIT, settings)
    stored = ours.predictions
    judged = evaluate(stored.truth, stored.probabilities, stored.label_names, ours.thresholds)
    scores = {name: judged.overall.averages[average].f1 for name, average in COMPARED.items()}
    alone = Challenge(run, champion, "first", "", judged.counts.slices, scores)
    if champion is None:
        return replace(alone, told=f"Data set '{run.dataset_name}' has no champion yet.")
    old, new = distinct_names((champion, run))
    try:
        (compared,) = compare_runs([open_judged_run(champion, SPLIT, settings), ours]).comparisons
    except MriError as error:
        told = f"{new} cannot be compared with the champion {old}: {error}."
        return replace(alone, verdict="not comparable", told=told)
    differences = {name: compared.differences["averages", average, "f1"] for name, average in COMPARED.items()}
    adjusted = holm({name: found.p_value for name, found in differences.items()})
    differences = {name: replace(found, adjusted_p=adjusted[name]) for name, found in differences.items()}
    verdict, told = _verdict(differences, old, new)
    return replace(alone, verdict=verdict, told=told, differences=differences, resampling=compared.resampling)


def _verdict(differences: Mapping[str, Difference], old: str, new: str) -> tuple[Verdict, str]:
    found = {judged_by(each.value, each.adjusted_p) for each in differences.values()} - {"not told apart"}
    verdict: Verdict = found.pop() if len(found) == 1 else "not told apart"
    told = {
        "better beyond chance": f"{new} is better than the champion {old} beyond chance",
        "worse beyond chance": f"{new} is worse than the champion {old} beyond chance",
        "not told apart": f"{new} and the champion {old} are not told apart",
    }[verdict]
    if found:
        told = f"{new} is better than the champion {old} by one score and worse by the other"
    return verdict, f"{told}."


def _measured(found: Difference) -> str:
    """The difference with its interval, or why one of them is undefined."""
    if np.isnan(found.value):
        return found.reason
    interval = found.reason or f"{words.difference(found.low)} to {words.difference(found.high)}"
    return f"{words.difference(found.value)} ({interval})"
