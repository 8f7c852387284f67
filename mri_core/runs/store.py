"""`RunStore`: the record of every run, in MLflow. Several processes may use it at once."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mri_core.errors import InvalidInput, NotFound, StorageError
from mri_core.runs.champions import champion_of, demote, only_champion
from mri_core.runs.connection import connect, locked, store_errors
from mri_core.runs.history import metrics_of, read_history, scores
from mri_core.runs.records import MLFLOW_STATUS, creation_tags, run_of, state_tags, write
from mri_core.runs.run import NEXT, STATUSES, Process, Progress, Run, Status, Timing
from mri_core.settings import Settings, make_folder
from mri_core.training.spec import TrainingSpec

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun
    from mlflow.tracking import MlflowClient

_PAGE = 1000


@dataclass(frozen=True)
class RunStore:
    """The runs of one home. Methods raise StoreError when the database cannot be used, NotFound for an unknown run."""

    settings: Settings

    def create(
        self,
        spec: TrainingSpec,
        dataset_name: str,
        fingerprint: str,
        label_names: tuple[str, ...],
        name: str | None = None,
    ) -> Run:
        """Record a new run as queued, and make its folder. Without a name it is called after its network: "cnn 3"."""
        tags = creation_tags(spec, dataset_name, fingerprint, tuple(label_names))
        make_folder(self.settings.runs)
        with self._client() as (client, experiment):
            name = name or self._next_name(spec.architecture)
            record = client.create_run(experiment, run_name=name, tags=tags)
            run_id = record.info.run_id
            write(client, run_id, params=spec.model_dump(mode="json"))
            make_folder(self.settings.runs / run_id)
            client.update_run(run_id, status=MLFLOW_STATUS["queued"])
        return self.get(run_id)

    def get(self, run_id: str) -> Run:
        """The run with this id, its history included."""
        with self._client() as (client, _):
            record = self._record(run_id)
            return run_of(record, self.settings.runs, read_history(client, record))

    def history(self, run_id: str) -> tuple[dict[str, Any], ...]:
        """The rows of all epochs; see `Run.history`."""
        with self._client() as (client, _):
            return read_history(client, self._record(run_id))

    def find(self, text: str) -> Run:
        """The run whose id is or begins with `text`, the newest for "last", or the only data set's "champion".

        Raises InvalidInput when several fit.
        """
        if text == "last":
            newest = self.list(limit=1)
            if newest:
                return self.get(newest[0].id)
        elif text == "champion":
            return self.get(only_champion(self.settings).run_id)
        elif re.fullmatch("[0-9a-f]{1,32}", text):
            match self._search([f"attributes.run_id LIKE '{text}%'"], limit=6):
                case [record]:
                    return self.get(record.info.run_id)
                case [_, *_] as several:
                    raise InvalidInput(f"'{text}' begins the ids of several runs: {_named(several)}; give more of it")
        known = self._search([], limit=5)
        existing = f"expected the beginning of an id such as {_named(known)}" if known else "there are no runs yet"
        raise NotFound(f"there is no run '{text}'; {existing}; list the runs with `mri runs`")

    def list(
        self, dataset: str | None = None, statuses: Collection[Status] = STATUSES, limit: int | None = None
    ) -> tuple[Run, ...]:
        """The runs without their histories, newest first: of one data set, of some statuses, at most `limit`.

        Runs in the same experiment that this version cannot read are left out.
        """
        filters = [f"attributes.status != '{MLFLOW_STATUS[status]}'" for status in STATUSES if status not in statuses]
        if dataset is not None:
            quote = '"' if "'" in dataset else "'"
            filters.append(f"tags.`mri.dataset` = {quote}{dataset}{quote}")
        runs = []
        for record in self._search(filters, limit):
            try:
                runs.append(run_of(record, self.settings.runs))
            except InvalidInput:
                continue
        return tuple(run for run in runs if run.status in statuses)

    def champion(self, dataset: str) -> Run | None:
        """The run that is the champion of a data set; None when there is none, or its record is gone."""
        with suppress(NotFound):
            if promotion := champion_of(self.settings, dataset):
                return self.get(promotion.run_id)
        return None

    def assign(self, run_id: str, process: Process) -> None:
        """Note the process launched for a queued run, which takes seconds to report itself with `start`."""
        self._tag(run_id, process=process)

    def start(
        self,
        run_id: str,
        process: Process,
        parameters: int,
        device: str | None = None,
        versions: dict[str, str] | None = None,
    ) -> None:
        """Mark a queued run as running. parameters: the model's number of weights. device, versions: see `Run`."""
        state = {"process": process, "parameters": parameters, "device": device, "versions": versions}
        self._change(run_id, "running", **state)

    def log_progress(self, run_id: str, progress: Progress) -> None:
        """Replace the run's progress."""
        self._tag(run_id, progress=progress)

    def log_epoch(self, run_id: str, row: Mapping[str, Any]) -> None:
        """Add one epoch: "epoch", the numbers of `SCORES`, "f1" and "val_f1" as {label: value}; None is undefined."""
        with self._client() as (client, _):
            run = run_of(self._record(run_id), self.settings.runs)
            last = scores(row)
            loss, lowest = last.get("val_loss"), run.summary.get("best", {}).get("val_loss")
            best = last if loss is not None and (lowest is None or loss < lowest) else None
            write(
                client,
                run_id,
                metrics=metrics_of(row, run.label_names),
                step=last["epoch"],
                tags=state_tags(last=last, best=best),
            )

    def finish(
        self,
        run_id: str,
        status: Status,
        timing: Timing | None = None,
        error: str | None = None,
        best_epoch: int | None = None,
    ) -> None:
        """Mark a run as stopped, finished or failed. Raises InvalidInput when it has ended already."""
        self._change(run_id, status, timing=timing, error=error, best_epoch=best_epoch)

    def request_stop(self, run_id: str) -> None:
        """Stop a queued run at once; ask a running one to stop. Raises InvalidInput when it has ended."""
        with self._exclusively(run_id) as run:
            if run.ended:
                raise InvalidInput(
                    f"run '{run.name}' is {run.status} already, expected a queued or running one to stop"
                )
            self._tag(run_id, stop=time.time())
            if run.status == "queued":
                self._set(run_id, "stopped")

    def stop_requested(self, run_id: str) -> bool:
        return "mri.stop" in self._record(run_id).data.tags

    def delete(self, run_id: str) -> None:
        """Remove a run and its folder; a champion loses its title. Raises InvalidInput while it is running."""
        with self._exclusively(run_id) as run, self._client() as (client, _):
            if run.status == "running":
                raise InvalidInput(f"run '{run.name}' is running, expected one that has ended; stop it first")
            client.delete_run(run_id)
            demote(self.settings, run)  # after which no promotion can find the run again
            try:
                shutil.rmtree(run.folder)
            except OSError as error:
                raise StorageError(f"cannot remove {error.filename}: {error.strerror}; remove {run.folder}") from error

    def _change(self, run_id: str, status: Status, **state: Any) -> None:
        with self._exclusively(run_id) as run:
            if status not in NEXT[run.status]:
                allowed = (
                    f"expected {' or '.join(NEXT[run.status])}" if NEXT[run.status] else "it has ended; start a new run"
                )
                raise InvalidInput(f"run '{run.name}' is {run.status} and cannot become {status}: {allowed}")
            self._tag(run_id, **state)
            self._set(run_id, status)

    def _set(self, run_id: str, status: Status) -> None:
        with self._client() as (client, _):
            if NEXT[status]:
                client.update_run(run_id, status=MLFLOW_STATUS[status])
            else:
                client.set_terminated(run_id, status=MLFLOW_STATUS[status])

    def _tag(self, run_id: str, **state: Any) -> None:
        if tags := state_tags(**state):
            with self._client() as (client, _):
                write(client, run_id, tags=tags)

    @contextmanager
    def _exclusively(self, run_id: str) -> Iterator[Run]:
        """The run as it stands, while no other process changes its status: MLflow has no compare-and-set of its own."""
        self._record(run_id)
        with locked(make_folder(self.settings.runs / run_id) / ".lock"):
            yield run_of(self._record(run_id), self.settings.runs)

    def _record(self, run_id: str) -> MlflowRun:
        if not re.fullmatch("[0-9a-f]{32}", run_id):
            raise NotFound(
                f"there is no run '{run_id}', expected an id of 32 characters; list the runs with `mri runs`"
            )
        with self._client() as (client, _):
            record = client.get_run(run_id)
        if record.info.lifecycle_stage != "active":
            raise NotFound(f"run {run_id} was deleted; list the runs with `mri runs`")
        return record

    def _search(self, filters: Collection[str], limit: int | None) -> Sequence[MlflowRun]:
        """MLflow's records, newest first."""
        records: list[MlflowRun] = []
        token = None
        with self._client() as (client, experiment):
            while limit is None or len(records) < limit:
                page = client.search_runs(
                    [experiment],
                    " and ".join(filters),
                    max_results=_PAGE if limit is None else min(_PAGE, limit - len(records)),
                    order_by=["attributes.start_time DESC"],
                    page_token=token,
                )
                records += page
                token = page.token
                if not token:
                    break
        return records

    def _next_name(self, architecture: str) -> str:
        newest = self._search([f"attributes.run_name LIKE '{architecture} %'"], limit=50)
        numbers = [re.fullmatch(rf"{re.escape(architecture)} (\d+)", record.info.run_name) for record in newest]
        return f"{architecture} {1 + max((int(number[1]) for number in numbers if number), default=0)}"

    @contextmanager
    def _client(self) -> Iterator[tuple[MlflowClient, str]]:
        connected = connect(self.settings)
        with store_errors(self.settings.tracking_uri):
            yield connected


def _named(records: Sequence[MlflowRun]) -> str:
    return ", ".join(f"{record.info.run_id[:8]} ({record.info.run_name})" for record in records)
