"""The curves of a run as MLflow's metrics: one metric a number, step = epoch, so that MLflow's own pages draw them.

A label's F1 is `f1/<index>`, because MLflow refuses some of the characters that label names have.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mri_core.runs.run import SCORES

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun
    from mlflow.tracking import MlflowClient


def scores(row: Mapping[str, Any]) -> dict[str, Any]:
    """The epoch and the numbers of a history row; undefined and infinite ones as None."""
    return {"epoch": int(row["epoch"])} | {name: _defined(row[name]) for name in SCORES if name in row}


def metrics_of(row: Mapping[str, Any], label_names: tuple[str, ...]) -> dict[str, float]:
    """MLflow's metrics of a history row: name -> value, NaN where it is undefined."""
    metrics = {name: row[name] for name in SCORES if name in row}
    for kind in ("f1", "val_f1"):
        by_label = row.get(kind, {})
        metrics |= {f"{kind}/{i}": by_label[label] for i, label in enumerate(label_names) if label in by_label}
    return {name: math.nan if _defined(value) is None else float(value) for name, value in metrics.items()}


def _defined(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def read_history(client: MlflowClient, record: MlflowRun) -> tuple[dict[str, Any], ...]:
    """The rows of all epochs of a run, oldest first. Read again only when an epoch has been added since.

    An epoch counts from when the record names it as the last: of one that is being written some numbers are missing.
    """
    tags = record.data.tags
    if "mri.last" not in tags:
        return ()
    labels = tuple(json.loads(tags["mri.labels"]))
    names = tuple(sorted(record.data.metrics))
    return tuple(dict(row) for row in _read_history(client, record.info.run_id, labels, names, tags["mri.last"]))


@functools.lru_cache(maxsize=64)
def _read_history(
    client: MlflowClient, run_id: str, labels: tuple[str, ...], names: tuple[str, ...], last: str
) -> tuple[dict[str, Any], ...]:
    rows: dict[int, dict[str, Any]] = {}
    recorded = set(names)
    columns: list[tuple[tuple[str, ...], str]] = [((name,), name) for name in SCORES]
    columns += [((kind, label), f"{kind}/{i}") for kind in ("f1", "val_f1") for i, label in enumerate(labels)]
    for place, name in columns:
        if name not in recorded:
            continue
        for metric in client.get_metric_history(
            run_id, name
        ):  # by time, so that an epoch trained again replaces itself
            row = rows.setdefault(metric.step, {"epoch": metric.step})
            *outer, key = place
            target = row.setdefault(outer[0], {}) if outer else row
            target[key] = _defined(metric.value)
    return tuple(rows[epoch] for epoch in sorted(rows) if epoch <= json.loads(last)["epoch"])
