"""How a run is written in MLflow: its status and its tags, and back.

Tags hold JSON under `mri.…`; MLflow keeps at most 8,000 characters of one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from mri_core.errors import InvalidInput
from mri_core.runs.run import Claim, Process, Progress, Run, Status, Timing
from mri_core.training.spec import TrainingSpec

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun
    from mlflow.tracking import MlflowClient

TAG_LENGTH = 8000
_BATCH = 1000  # the most metrics that MLflow takes at once

MLFLOW_STATUS: dict[Status, str] = {
    "queued": "SCHEDULED",
    "running": "RUNNING",
    "stopped": "KILLED",
    "finished": "FINISHED",
    "failed": "FAILED",
}
_STATUS: dict[str, Status] = {theirs: ours for ours, theirs in MLFLOW_STATUS.items()}

_JSON = (
    "versions",
    "parameters",
    "progress",
    "process",
    "timing",
    "best_epoch",
    "last",
    "best",
    "attempt",
    "losses",
    "turn",
    "claim",
    "beat",
)


def creation_tags(
    spec: TrainingSpec, dataset_name: str, fingerprint: str, label_names: tuple[str, ...], resources: str
) -> dict[str, str]:
    """The tags of a new run. Raises InvalidInput when the label names together are too long to be recorded."""
    labels = json.dumps(label_names, ensure_ascii=False)
    if len(labels) > TAG_LENGTH:
        raise InvalidInput(
            f"{len(label_names)} label names take {len(labels)} characters, expected at most {TAG_LENGTH}; shorten them"
        )
    return {
        "mri.spec": spec.model_dump_json(),
        "mri.dataset": dataset_name,
        "mri.fingerprint": fingerprint,
        "mri.labels": labels,
        "mri.resources": resources,
    }


def state_tags(**state: Any) -> dict[str, str]:
    """Changes of a run's state as tags: field -> value, dataclasses included; None is left out."""
    return {
        f"mri.{name}": (value if isinstance(value, str) else json.dumps(_plain(value)))[:TAG_LENGTH]
        for name, value in state.items()
        if value is not None
    }


OF_ONE_ATTEMPT = {"mri.stop", "mri.error", "mri.process", "mri.claim", "mri.beat", "mri.timing", "mri.best_epoch"}
"""Tags that say nothing of a run any more once it is queued again."""


def _plain(value: Any) -> Any:
    return asdict(value) if isinstance(value, Claim | Process | Progress | Timing) else value


def status_of(record: MlflowRun) -> Status:
    """MLflow creates a run as RUNNING; until a process is known it has only been queued."""
    status = _STATUS[record.info.status]
    return "queued" if status == "running" and "mri.process" not in record.data.tags else status


def run_of(record: MlflowRun, runs: Path, history: tuple[dict[str, Any], ...] = ()) -> Run:
    """The run that MLflow's record describes. Raises InvalidInput for a record this version cannot read."""
    tags = record.data.tags
    state = {name: json.loads(tags[f"mri.{name}"]) for name in _JSON if f"mri.{name}" in tags}
    try:
        spec = TrainingSpec.model_validate_json(tags["mri.spec"])
    except (KeyError, ValidationError) as error:
        raise InvalidInput(
            f"the settings of run {record.info.run_id} cannot be read, expected those of this version; "
            "open it with the version that recorded it, or in MLflow"
        ) from error
    best = state.get("best")
    return Run(
        id=record.info.run_id,
        name=record.info.run_name,
        status=status_of(record),
        spec=spec,
        dataset_name=tags["mri.dataset"],
        dataset_fingerprint=tags["mri.fingerprint"],
        label_names=tuple(json.loads(tags["mri.labels"])),
        created=datetime.fromtimestamp(record.info.start_time / 1000, UTC),
        folder=runs / record.info.run_id,
        parameters=state.get("parameters"),
        device=tags.get("mri.device"),
        versions=state.get("versions", {}),
        progress=Progress(**state["progress"]) if "progress" in state else None,
        history=history,
        best_epoch=state.get("best_epoch", best["epoch"] if best else None),
        process=Process(**state["process"]) if "process" in state else None,
        timing=Timing(**state["timing"]) if "timing" in state else None,
        error=tags.get("mri.error"),
        stop_requested="mri.stop" in tags,
        claim=Claim(Process(**state["claim"]["process"]), state["claim"]["ticket"]) if "claim" in state else None,
        beat=state.get("beat", 0),
        turn=state.get("turn", record.info.start_time / 1000),
        attempt=state.get("attempt", 1),
        losses=state.get("losses", 0),
        resources=tags.get("mri.resources", ""),
        summary={name: state[name] for name in ("last", "best") if name in state},
    )


def write(
    client: MlflowClient,
    run_id: str,
    *,
    tags: Mapping[str, str] | None = None,
    params: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float] | None = None,
    step: int = 0,
) -> None:
    """Write to MLflow's record. Metrics go first: whoever sees an epoch's tags finds its numbers."""
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    values = [Metric(name, value, now, step) for name, value in (metrics or {}).items()]
    for start in range(0, len(values), _BATCH):
        client.log_batch(run_id, metrics=values[start : start + _BATCH])
    client.log_batch(
        run_id,
        params=[Param(name, str(value)) for name, value in (params or {}).items()],
        tags=[RunTag(name, value) for name, value in (tags or {}).items()],
    )
