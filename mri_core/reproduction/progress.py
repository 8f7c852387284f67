"""Which runs there are of what a reproduction needs, and starting those that are missing.

The record of runs is the only state. A run counts wherever it was started: it has the settings of a configuration, one
of the seeds, and saw the same data.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mri_core.datasets.dataset import Dataset
from mri_core.evaluation.predictions import FILE_NAME
from mri_core.locking import locked
from mri_core.reproduction.study import CONFIGURATIONS, REPORTED
from mri_core.runs.liveness import settle
from mri_core.runs.revival import revive
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings, make_folder
from mri_core.training.spec import TrainingSpec
from mri_core.training.start import start_run


@dataclass(frozen=True)
class Standing:
    """How far a reproduction is. runs: configuration -> one run a seed, None where none was ever started."""

    runs: Mapping[str, tuple[Run | None, ...]]

    @property
    def seeds(self) -> int:
        return max(map(len, self.runs.values()), default=0)

    @property
    def total(self) -> int:
        return sum(map(len, self.runs.values()))

    @property
    def active(self) -> list[Run]:
        """The runs that are queued or running."""
        return [run for runs in self.runs.values() for run in runs if run and not run.ended]

    def finished(self, configuration: str) -> list[Run]:
        """The runs of a configuration that have finished with their predictions, by seed."""
        return [run for run in self.runs.get(configuration, ()) if run and is_complete(run)]

    @property
    def complete(self) -> int:
        """How many runs have finished."""
        return sum(len(self.finished(name)) for name in self.runs)

    @property
    def missing(self) -> list[tuple[str, int]]:
        """Configuration and seed of what must be started, in the order in which to start: seed by seed."""
        wanted = ((name, seed) for seed in range(self.seeds) for name in self.runs)
        return [(name, seed) for name, seed in wanted if not _counts(self.runs[name][seed])]


def configurations(presets_only: bool = False) -> tuple[str, ...]:
    """The names of what is to run: all that the claims need, or only the study's presets."""
    return tuple(REPORTED) if presets_only else tuple(CONFIGURATIONS)


def is_complete(run: Run) -> bool:
    """Whether a run has finished and its predictions are here: without them it is as good as never run."""
    return run.status == "finished" and (run.folder / FILE_NAME).exists()


def read_standing(fingerprint: str, store: RunStore, names: Collection[str], seeds: int) -> Standing:
    """Look up every run of the configurations `names` with seeds 0 to `seeds` - 1 on the data with this fingerprint."""
    revive(store.settings)
    known: dict[TrainingSpec, list[Run]] = {}
    for run in store.list():
        if run.dataset_fingerprint == fingerprint:
            known.setdefault(run.spec, []).append(settle(store, run))
    return Standing(
        {
            name: tuple(_best(known.get(_with_seed(CONFIGURATIONS[name], seed), ())) for seed in range(seeds))
            for name in names
        }
    )


def start_missing(dataset: Dataset, settings: Settings, names: Collection[str], seeds: int) -> Iterator[Run]:
    """Start what is missing, one run at each step of the iteration. Two that start at once do not start a run twice."""
    with locked(make_folder(settings.runs) / ".reproduction.lock"):
        for name, seed in read_standing(dataset.fingerprint, RunStore(settings), names, seeds).missing:
            yield start_run(_with_seed(CONFIGURATIONS[name], seed), dataset, settings)


def seconds_of(standing: Standing, configuration: str) -> float | None:
    """What a run of a configuration takes: the mean of those that have finished, or else of all with its architecture.

    None while none has finished.
    """
    architecture = CONFIGURATIONS[configuration].architecture
    alike = [name for name in standing.runs if CONFIGURATIONS[name].architecture == architecture]
    for names in ([configuration], alike):
        took = [run.timing.seconds for name in names for run in standing.finished(name) if run.timing]
        if took:
            return sum(took) / len(took)
    return None


def seconds_to_start(standing: Standing) -> float | None:
    """About how long the missing runs take one after the other; None while unknown."""
    return _sum([seconds_of(standing, name) for name, _ in standing.missing])


def seconds_left(standing: Standing) -> float | None:
    """About how long the runs under way take one after the other; None while unknown."""
    left: list[float | None] = []
    for name, runs in standing.runs.items():
        for run in runs:
            if run and not run.ended:
                known = run.progress.seconds_left if run.progress else None
                left.append(seconds_of(standing, name) if known is None else known)
    return _sum(left)


def _sum(seconds: Sequence[float | None]) -> float | None:
    known = [each for each in seconds if each is not None]
    return sum(known) if len(known) == len(seconds) else None


def _with_seed(spec: TrainingSpec, seed: int) -> TrainingSpec:
    return spec.model_copy(update={"seed": seed})


def _best(runs: Sequence[Run]) -> Run | None:
    """Of runs with the same settings, newest first: a complete one, or else one under way, or else the newest."""
    return max(runs, key=lambda run: (is_complete(run), not run.ended), default=None)


def _counts(run: Run | None) -> bool:
    return run is not None and (is_complete(run) or not run.ended)
