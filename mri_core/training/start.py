"""Starting runs: the one door through which the command line and the pages go."""

from __future__ import annotations

from collections.abc import Sequence

from mri_core.datasets.dataset import Dataset
from mri_core.runs.attempts import resume
from mri_core.runs.engine import submit
from mri_core.runs.order import is_held
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.spec import TrainingSpec


def start_run(spec: TrainingSpec, dataset: Dataset, settings: Settings) -> Run:
    """Record a run as queued and hand it to the engine."""
    store = RunStore(settings)
    run = store.create(spec, dataset.name, dataset.fingerprint, dataset.label_names)
    submit(run.id, settings)
    return run


def resume_run(run: Run, settings: Settings, resources: str | None = None) -> Run:
    """Queue a stopped or failed run again; it goes on from its newest checkpoint, under the same id.

    So does one that nobody looks after any more, whose end nobody has recorded.
    resources: what it takes of a cluster's worker from now on; None as before.
    Raises InvalidInput for one that is looked after or waits, has finished, or is a champion.
    """
    store = RunStore(settings)
    if run.status == "running" and not is_held(run):
        store.tag(run.id, resources=resources)
    else:
        run = resume(store, run.id, resources)
    submit(run.id, settings)
    return run


def start_parts(spec: TrainingSpec, parts: Sequence[int], dataset: Dataset, settings: Settings) -> list[Run]:
    """Queue one run for each part of the training patients that is to be left out. See `TrainingSpec.left_out`."""
    return [start_run(spec.model_copy(update={"left_out": part}), dataset, settings) for part in parts]
