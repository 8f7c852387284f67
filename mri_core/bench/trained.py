"""A finished run in the benchmark's home, for what needs one."""

from __future__ import annotations

from mri_core.bench.session import LONGEST_SECONDS, Bench
from mri_core.errors import MriError
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.training.presets import make_spec


def trained_run(bench: Bench) -> Run:
    """A CNN on the demo set, trained for two epochs when first asked for. Raises MriError when that fails."""
    store = RunStore(bench.settings)
    finished = next((run for run in store.list() if run.status == "finished"), None)
    if finished:
        return store.get(finished.id)
    dataset = bench.demo()
    spec = make_spec("cnn", {"epochs": 2, "flips": "none"})
    run = store.create(spec, dataset.name, dataset.fingerprint, dataset.label_names)
    with bench.process("-m", "mri_core.training.worker", run.id) as training:
        said = training.communicate(timeout=LONGEST_SECONDS)[1]
    run = store.get(run.id)
    if run.status != "finished":
        raise MriError(f"no model could be trained: {run.error or said.strip()}")
    return run
