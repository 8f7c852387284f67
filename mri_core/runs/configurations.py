"""Runs of the same settings but for the seed, folded into one configuration each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mri_core.errors import InvalidInput
from mri_core.evaluation.paths import Path, nested
from mri_core.evaluation.seeds import SeedDifference, Spread, fold_seeds, seed_differences
from mri_core.runs.run import Run
from mri_core.training.spec import TrainingSpec


@dataclass(frozen=True, eq=False)
class Configuration:
    """What some settings are worth whatever the seed.

    runs: one a seed, in the order of their seeds. scores: score -> its mean and spread over them. differences: score ->
    what it has more than the first configuration, seed by seed; None for the first itself, and where the two cannot be
    paired: reason then says why.
    """

    runs: tuple[Run, ...]
    scores: dict[Path, Spread]
    differences: dict[Path, SeedDifference] | None = None
    reason: str = ""

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(run.spec.seed for run in self.runs)

    def to_json(self) -> dict[str, Any]:
        """Scores and differences stand where they stand in the document of an evaluation; null where undefined."""
        scores = {(*path, name): value for path, found in self.scores.items() for name, value in asdict(found).items()}
        return {
            "runs": [run.id for run in self.runs],
            "seeds": list(self.seeds),
            "scores": nested(scores),
            "differences": None if self.differences is None else nested(_flat(self.differences)),
            "reason": self.reason,
        }


def fold_configurations(runs: Sequence[Run], scores: Sequence[Mapping[Path, float]]) -> tuple[Configuration, ...]:
    """The configurations that runs belong to, in the order of their first runs; empty where each has one seed only.

    scores: of every run, NaN where undefined. Of several runs with the same settings and seed the first counts.
    """
    groups: dict[TrainingSpec, dict[int, tuple[Run, Mapping[Path, float]]]] = {}
    for run, found in zip(runs, scores, strict=True):
        group = groups.setdefault(run.spec.model_copy(update={"seed": 0}), {})
        group.setdefault(run.spec.seed, (run, found))
    if all(len(group) == 1 for group in groups.values()):
        return ()
    first, *others = ({seed: group[seed] for seed in sorted(group)} for group in groups.values())
    ours = {seed: found for seed, (_, found) in first.items()}
    return (_configuration(first), *(_configuration(other, ours) for other in others))


def _configuration(
    group: Mapping[int, tuple[Run, Mapping[Path, float]]], first: Mapping[int, Mapping[Path, float]] | None = None
) -> Configuration:
    by_seed = {seed: found for seed, (_, found) in group.items()}
    differences, reason = None, ""
    if first is not None:
        try:
            differences = seed_differences(first, by_seed)
        except InvalidInput as error:
            reason = str(error)
    return Configuration(tuple(run for run, _ in group.values()), fold_seeds(by_seed), differences, reason)


def _flat(differences: Mapping[Path, SeedDifference]) -> dict[Path, float]:
    return {
        (*path, name): value
        for path, found in differences.items()
        for name, value in {
            **asdict(found.spread),
            "low": found.low,
            "high": found.high,
            "p_value": found.p_value,
        }.items()
    }
