"""`RunStore`: the record of every run, in MLflow. Several processes may use it at once."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from mri_core.errors import InvalidInput, NotFound, StorageError, Superseded
from mri_core.runs.champions import champion_of, demote, only_champion
from mri_core.runs.changes import change, lock_of, set_status
from mri_core.runs.comparison import mentions
from mri_core.runs.connection import connect, store_errors
from mri_core.runs.history import metrics_of, read_history, scores
from mri_core.runs.reading import PAGE, filters_of, find_id, get_record, next_name, readable, search_records, unknown
from mri_core.runs.records import MLFLOW_STATUS, creation_tags, run_of, state_tags, write
from mri_core.runs.run import STATUSES, Process, Progress, Run, Status, Timing
from mri_core.settings import Settings, make_folder
from mri_core.training.spec import TrainingSpec

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


@dataclass(frozen=True)
class RunStore:
    """The runs of one home. Methods raise StoreError when the database cannot be used, NotFound for an unknown run.

    attempt: of the training process that writes through this store, None for everybody else. What it writes to a run
    that is at another attempt raises Superseded: a process that was taken for dead cannot disturb the one after it.
    """

    settings: Settings
    attempt: int | None = None

    def create(
        self,
        spec: TrainingSpec,
        dataset_name: str,
        fingerprint: str,
        label_names: tuple[str, ...],
        name: str | None = None,
    ) -> Run:
        """Record a new run as queued, and make its folder. Without a name it is called after its network: "cnn 3".

        It takes the resources that the settings name.
        """
        tags = creation_tags(spec, dataset_name, fingerprint, tuple(label_names), self.settings.resources)
        make_folder(self.settings.runs)
        with self.client() as (client, experiment):
            name = name or next_name(client, experiment, spec.architecture)
            run_id = client.create_run(experiment, run_name=name).info.run_id
            make_folder(self.settings.runs / run_id)
            # Its tags make it ours: if this process is killed before, there is no run, and after, a whole one.
            write(client, run_id, params=spec.model_dump(mode="json"), tags=tags)
            client.update_run(run_id, status=MLFLOW_STATUS["queued"])
        return self.get(run_id)

    def get(self, run_id: str) -> Run:
        """The run with this id, its history included."""
        with self.client() as (client, _):
            record = get_record(client, run_id)
            return run_of(record, self.settings.runs, read_history(client, record))

    def history(self, run_id: str) -> tuple[dict[str, Any], ...]:
        """The rows of all epochs; see `Run.history`."""
        with self.client() as (client, _):
            return read_history(client, get_record(client, run_id))

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
            with self.client() as (client, experiment):
                if found := find_id(client, experiment, text):
                    return self.get(found)
        with self.client() as (client, experiment):
            raise unknown(client, experiment, text)

    def list(
        self,
        dataset: str | None = None,
        statuses: Collection[Status] = STATUSES,
        limit: int | None = None,
        text: str = "",
        claimed: bool = False,
    ) -> tuple[Run, ...]:
        """The runs without their histories, newest first: of one data set, of some statuses, at most `limit`.

        text: words that each must mention, see `mentions`. claimed: only those that somebody has in hand. Runs in the
        same experiment that this version cannot read are left out. Reading takes about a millisecond a run, so who
        shows runs gives a limit.
        """
        filters = filters_of(dataset, statuses, claimed)
        with self.client() as (client, experiment):
            records = search_records(client, experiment, filters, min(limit or PAGE, PAGE))
            found = (run for run in readable(records, self.settings.runs) if run.status in statuses)
            return tuple(islice((run for run in found if mentions(run, text)), limit))

    def champion(self, dataset: str) -> Run | None:
        """The run that is the champion of a data set; None when there is none, or its record is gone."""
        with suppress(NotFound):
            if promotion := champion_of(self.settings, dataset):
                return self.get(promotion.run_id)
        return None

    def assign(self, run_id: str, process: Process) -> None:
        """Note the process launched for a queued run, which takes seconds to report itself with `start`."""
        with self.exclusively(run_id):
            self.tag(run_id, process=process)

    def start(
        self,
        run_id: str,
        process: Process,
        parameters: int,
        device: str | None = None,
        versions: dict[str, str] | None = None,
    ) -> None:
        """Mark a queued run as running. parameters: the model's number of weights. device, versions: see `Run`.

        Whoever got no answer may call it again, and `finish` as well.
        """
        state = {"process": process, "parameters": parameters, "device": device, "versions": versions}
        change(self, run_id, "running", **state)

    def log_progress(self, run_id: str, progress: Progress) -> None:
        """Replace the run's progress."""
        with self.exclusively(run_id):
            self.tag(run_id, progress=progress)

    def check_attempt(self, run_id: str) -> None:
        """Raises Superseded when the run has gone on without the process that writes through this store."""
        self._check(self._read(run_id))

    def log_epoch(self, run_id: str, row: Mapping[str, Any]) -> None:
        """Add one epoch: "epoch", the numbers of `SCORES`, "f1" and "val_f1" as {label: value}; None is undefined."""
        with self.exclusively(run_id) as run, self.client() as (client, _):
            last = scores(row)
            loss, lowest = last.get("val_loss"), run.summary.get("best", {}).get("val_loss")
            best = last if loss is not None and (lowest is None or loss < lowest) else None
            write(
                client,
                run_id,
                metrics=metrics_of(row, run.label_names),
                step=last["epoch"],
                tags=state_tags(last=last, best=best, losses=0),
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
        change(self, run_id, status, timing=timing, error=error, best_epoch=best_epoch)

    def request_stop(self, run_id: str) -> None:
        """Stop a queued run at once; ask a running one to stop. Raises InvalidInput when it has ended."""
        with self.exclusively(run_id) as run:
            if run.ended:
                raise InvalidInput(
                    f"run '{run.name}' is {run.status} already, expected a queued or running one to stop"
                )
            self.tag(run_id, stop=time.time())
            if run.status == "queued":
                set_status(self, run_id, "stopped")

    def stop_requested(self, run_id: str) -> bool:
        with self.client() as (client, _):
            return "mri.stop" in get_record(client, run_id).data.tags

    def delete(self, run_id: str) -> None:
        """Remove a run and its folder; a champion loses its title. Raises InvalidInput while it is running."""
        with self.exclusively(run_id) as run, self.client() as (client, _):
            if run.status == "running":
                raise InvalidInput(f"run '{run.name}' is running, expected one that has ended; stop it first")
            demote(self.settings, run)  # before: what the database refuses half-way can be asked for again
            client.delete_run(run_id)
            demote(self.settings, run)  # after: no promotion can find the run again, but one may have come in between
            try:
                shutil.rmtree(run.folder)
            except OSError as error:
                raise StorageError(f"cannot remove {error.filename}: {error.strerror}; remove {run.folder}") from error

    def tag(self, run_id: str, **state: Any) -> None:
        """Note fields of a run's state; None leaves one as it is."""
        if tags := state_tags(**state):
            with self.client() as (client, _):
                write(client, run_id, tags=tags)

    @contextmanager
    def exclusively(self, run_id: str) -> Iterator[Run]:
        """The run as it stands, while no other process changes its status: MLflow has no compare-and-set of its own.

        Raises as `lock_of`; Superseded as `check_attempt`.
        """
        with lock_of(self._read(run_id)):
            run = self._read(run_id)
            self._check(run)
            yield run

    def _read(self, run_id: str) -> Run:
        with self.client() as (client, _):
            return run_of(get_record(client, run_id), self.settings.runs)

    def _check(self, run: Run) -> None:
        if self.attempt is not None and run.attempt != self.attempt:
            raise Superseded(f"run '{run.name}' is at attempt {run.attempt}, this process belongs to {self.attempt}")

    @contextmanager
    def client(self) -> Iterator[tuple[MlflowClient, str]]:
        """MLflow's client and the id of our experiment; what it raises within the block becomes ours."""
        connected = connect(self.settings)
        with store_errors(self.settings.tracking_uri):
            yield connected
