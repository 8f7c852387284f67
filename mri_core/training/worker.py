"""What a fresh process runs for one training: `python -m mri_core.training.worker RUN [ATTEMPT]`.

The process reads the run's record, trains, from the newest checkpoint where there is one, saves and verifies the model,
stores the probabilities, and ends. Once the run has gone on without it, to another attempt, it can write nothing more.
Its output goes to the run's log. TensorFlow lives here and nowhere else.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from mri_core.datasets.dataset import Dataset
from mri_core.datasets.sharing import open_or_fetch
from mri_core.errors import InvalidInput, MriError, StoreError, Superseded
from mri_core.runs.liveness import process_of
from mri_core.runs.patience import patiently
from mri_core.runs.run import Progress, Run, Status, Timing
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.process import log, peak_memory_mb, step_back
from mri_core.training.results import keep_reference, save_results
from mri_core.versions import installed_versions

TRAINED_WITH = ("mri-core", "tensorflow", "keras", "numpy", "tf2onnx", "onnxruntime")


def main(run_id: str, attempt: int = 1) -> int:
    """Train one run to its end. Returns the exit status; a reason a user can act on is stored with the run."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # the log is for its reader
    step_back()
    settings = Settings()
    store = RunStore(settings, attempt)
    run = patiently(lambda: store.get(run_id))
    try:
        train(store, run, settings)
    except Superseded as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except MriError as error:
        reason = str(error)
        if patiently(lambda: store.get(run_id)).ended:  # stopped while TensorFlow was loading
            return 0
        patiently(lambda: store.finish(run_id, "failed", error=reason))
        print(f"error: {reason}", file=sys.stderr)
        return 1
    return 0


def train(store: RunStore, run: Run, settings: Settings) -> None:
    """Train `run`, whose status goes from queued over running to finished or stopped."""
    dataset = _training_data(run, settings)
    import keras

    from mri_core.models.build import average_with_mirror, build_model
    from mri_core.training.checkpoint import CheckpointWriter, newest_checkpoint, remove_checkpoints
    from mri_core.training.device import choose_device
    from mri_core.training.fit import fit

    keras.utils.set_random_seed(run.spec.seed)
    model = build_model(run.spec.architecture, dataset.image_shape, len(dataset.label_names), run.spec.channels)
    device = choose_device(run.spec)
    told, versions = f"{device.name}, {device.precision}", installed_versions(TRAINED_WITH)
    patiently(lambda: store.start(run.id, process_of(), model.count_params(), told, versions))
    begun = newest_checkpoint(run.folder)
    if begun.taken:
        log(f"goes on in epoch {begun.epoch}, after {begun.step} of its steps")
        if (run.device, run.versions) != (told, versions):
            log("other hardware or versions than before: its numbers are not those of an uninterrupted run")
    records = _Records(store, run.id)
    for row in begun.history[len(run.history) :]:  # the process was lost between a checkpoint and the record of it
        records.log_epoch(row)
    with CheckpointWriter(run.folder, records.check_attempt) as writer:
        fitted = fit(model, dataset, run.spec, device.precision, records.log_progress, records.log_epoch, writer, begun)
    records.check_attempt()
    if progress := patiently(lambda: store.get(run.id)).progress:
        patiently(lambda: store.log_progress(run.id, replace(progress, phase="saving", seconds_left=None)))
    saved = average_with_mirror(model) if run.spec.test_time_flips else model
    warning = save_results(saved, dataset, run, records.check_attempt)
    keep_reference(dataset, run, records.check_attempt)
    timing = Timing(fitted.seconds, fitted.images_per_second, peak_memory_mb())
    status: Status = "stopped" if fitted.stopped else "finished"
    patiently(lambda: store.finish(run.id, status, timing=timing, error=warning, best_epoch=fitted.best_epoch))
    if not fitted.stopped:
        remove_checkpoints(run.folder)


@dataclass(frozen=True)
class _Records:
    """What a fit says of itself, on its way to the store. A database that is busy is waited for where it must know."""

    store: RunStore
    run_id: str

    def log_progress(self, progress: Progress) -> bool:
        """Whether the run shall stop."""
        try:
            self.store.log_progress(self.run_id, progress)
            return self.store.stop_requested(self.run_id)
        except StoreError:  # busy for once: the next report comes in a moment
            return False

    def log_epoch(self, row: dict[str, Any]) -> None:
        patiently(lambda: self.store.log_epoch(self.run_id, row))
        log(
            f"epoch {row['epoch']}: loss {row['loss']:.4f}, validation loss {row['val_loss']:.4f}, "
            f"validation micro-F1 {row['val_micro_f1']:.3f}, {row['seconds']:.1f} s"
        )

    def check_attempt(self) -> None:
        with suppress(StoreError):  # busy for once: what is written is right, whoever writes it
            self.store.check_attempt(self.run_id)


def _training_data(run: Run, settings: Settings) -> Dataset:
    """The run's data set, the same as when it was queued. Raises InvalidInput where it cannot be trained on."""
    dataset = open_or_fetch(run.dataset_name, run.dataset_fingerprint, settings.datasets_url, settings)
    if dataset.fingerprint != run.dataset_fingerprint:
        raise InvalidInput(
            f"data set '{dataset.name}' has changed since this run was queued (fingerprint {dataset.fingerprint[:8]}, "
            f"expected {run.dataset_fingerprint[:8]}); start a new run"
        )
    for split in ("train", "validation"):
        if not len(dataset.rows(split)):
            raise InvalidInput(
                f"data set '{dataset.name}' has no {split} slices, expected at least one; split it again"
            )
    return dataset


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
