"""Runs beside each other: one row a run, and what sets some of them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mri_core.runs.run import Run
from mri_core.training.spec import TrainingSpec

if TYPE_CHECKING:
    import pandas as pd

AT_BEST_EPOCH = ("val_loss", "val_micro_f1", "val_macro_f1")
"""The numbers of the best epoch by which runs are told apart."""

_COUNTS = ("epochs_done", "best_epoch", "parameters")


def run_table(runs: Sequence[Run]) -> pd.DataFrame:
    """One row a run, its id as the index: state, scores at the best epoch, cost, then every training setting.

    duration is a timedelta, created a time in UTC; what is not known yet is missing.
    """
    import pandas as pd

    columns = list(_row(runs[0])) if runs else []
    table = pd.DataFrame([_row(run) for run in runs], index=[run.id for run in runs], columns=columns)
    for name in columns:
        if name in _COUNTS:
            table[name] = table[name].astype("Int64")
        elif name in AT_BEST_EPOCH or name in ("images_per_second", "peak_memory_mb"):
            table[name] = table[name].astype(float)
        elif name == "duration":
            table[name] = pd.to_timedelta(table[name], unit="s")
    return table


def _row(run: Run) -> dict[str, Any]:
    best = run.summary.get("best", {})
    timing = run.timing
    return {
        "name": run.name,
        "status": run.status,
        "dataset": run.dataset_name,
        "epochs_done": run.summary.get("last", {}).get("epoch"),
        "best_epoch": run.best_epoch,
        **{name: best.get(name) for name in AT_BEST_EPOCH},
        "duration": round(timing.seconds) if timing else None,
        "images_per_second": timing.images_per_second if timing else None,
        "peak_memory_mb": timing.peak_memory_mb if timing else None,
        "parameters": run.parameters,
        "created": run.created,
        # The table's own "epochs" of a run is what was asked for; `epochs_done` is what happened.
        **run.spec.model_dump(),
    }


def differing_settings(runs: Sequence[Run]) -> Mapping[str, tuple[Any, ...]]:
    """The training settings in which runs differ: field -> one value a run. Empty when they agree in all."""
    values = {name: tuple(getattr(run.spec, name) for run in runs) for name in TrainingSpec.model_fields}
    return {name: those for name, those in values.items() if len(set(those)) > 1}


def has_results(run: Run) -> bool:
    """Whether a run has ended with a trained model and its probabilities."""
    return run.status in ("finished", "stopped") and run.best_epoch is not None


def mentions(run: Run, text: str) -> bool:
    """Whether every word of `text` is part of the run's name, id, data set or settings, in any case."""
    known = " ".join([run.name, run.id, run.dataset_name, *map(str, run.spec.model_dump().values())]).casefold()
    return all(word in known for word in text.casefold().split())


def distinct_names(runs: Sequence[Run]) -> list[str]:
    """The runs' names, with the beginning of the id where a name occurs twice."""
    names = [run.name for run in runs]
    return [run.name if names.count(run.name) == 1 else f"{run.name} ({run.id[:8]})" for run in runs]
