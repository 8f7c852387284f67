"""What a fresh process runs for one training: `python -m mri_core.training.worker RUN [ATTEMPT]`.

The process reads the run's record, trains, from the newest checkpoint where there is one, saves and verifies the model,
stores the probabilities, and ends. Once the run has gone on without it, to another attempt, it can write nothing more.
Its output goes to the run's log. TensorFlow lives here and nowhere else.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mri_core.datasets.dataset import Dataset
from mri_core.datasets.gather import gather
from mri_core.datasets.sharing import open_or_fetch
from mri_core.errors import InvalidInput, MriError, StoreError, Superseded
from mri_core.runs.liveness import process_of
from mri_core.runs.patience import patiently
from mri_core.runs.run import Progress, Run, Status, Timing
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.versions import installed_versions

if TYPE_CHECKING:
    import keras

VERIFIED_SLICES = 500
NICENESS = 10
"""Steps behind other programs: pages answer within a second because of it, and an idle machine trains as fast."""
TRAINED_WITH = ("mri-core", "tensorflow", "keras", "numpy", "tf2onnx", "onnxruntime")


def main(run_id: str, attempt: int = 1) -> int:
    """Train one run to its end. Returns the exit status; a reason a user can act on is stored with the run."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # the log is for its reader
    _step_back()
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


def _step_back() -> None:
    os.nice(NICENESS)
    if os.getsid(0) == os.getpid():
        # Linux may share the processor among sessions first (autogroups, see sched(7)), and niceness counts within one.
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(NICENESS))


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
        _log(f"goes on in epoch {begun.epoch}, after {begun.step} of its steps")
        if (run.device, run.versions) != (told, versions):
            _log("other hardware or versions than before: its numbers are not those of an uninterrupted run")
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
        _log(
            f"epoch {row['epoch']}: loss {row['loss']:.4f}, validation loss {row['val_loss']:.4f}, "
            f"validation micro-F1 {row['val_micro_f1']:.3f}, {row['seconds']:.1f} s"
        )

    def check_attempt(self) -> None:
        with suppress(StoreError):  # busy for once: what is written is right, whoever writes it
            self.store.check_attempt(self.run_id)


def _log(line: str) -> None:
    """To the run's log, without which a training goes on: the disk may be full."""
    with suppress(OSError):
        print(line, flush=True)


def save_results(model: keras.Model, dataset: Dataset, run: Run, allowed: Callable[[], None]) -> str | None:
    """Store the model, its export and the probabilities for the slices it never learnt from in the run's folder.

    allowed: asked before each file takes its place; raises where the run has gone on without this process.
    Returns a sentence when the exported model's answers differ from Keras's by more than they may, else None.
    """
    from mri_core.evaluation.predictions import LEFT_OUT, Predictions, save_predictions
    from mri_core.prediction.export import LARGEST_DIFFERENCE, save_model, verify
    from mri_core.prediction.model_file import ModelDescription, write_description
    from mri_core.training.inference import compile_inference, predict
    from mri_core.training.parts import learnt_and_left_out

    infer = compile_inference(model)
    _, left_out = learnt_and_left_out(dataset, run.spec)
    splits = {}
    for split, rows in (
        ("validation", dataset.rows("validation")),
        ("test", dataset.rows("test")),
        (LEFT_OUT, left_out),
    ):
        if len(rows):
            ids = dataset.columns("id")["id"].to_numpy(dtype=str)[rows]
            splits[split] = Predictions(ids, dataset.truth[rows], predict(infer, dataset, rows), dataset.label_names)
    allowed()
    save_predictions(run.folder, splits)
    description = ModelDescription(
        run=run.id,
        dataset={"name": dataset.name, "fingerprint": dataset.fingerprint},
        labels=dataset.label_names,
        thresholds=dict.fromkeys(dataset.label_names, 0.5),
        image_shape=dataset.image_shape,
        onnx_difference=0.0,
        preprocessing=dataset.header.preprocessing,
    )
    description = save_model(model, run.folder, description, allowed)
    rows = dataset.rows("validation")[:VERIFIED_SLICES]
    difference = verify(run.folder, gather(dataset.pixels, rows), predict(infer, dataset, rows))
    allowed()
    write_description(run.folder, description.model_copy(update={"onnx_difference": difference}))
    _log(f"exported to ONNX: largest difference to Keras {difference:.1e} on {len(rows)} slices")
    if difference > LARGEST_DIFFERENCE:
        return (
            f"the exported model's probabilities differ from Keras's by up to {difference:.1e}, "
            f"expected at most {LARGEST_DIFFERENCE:.0e}; do not rely on its predictions"
        )
    return None


def keep_reference(dataset: Dataset, run: Run, allowed: Callable[[], None]) -> None:
    """Keep beside the model what its training slices look like, with which it is asked when not to believe it.

    A model without is whole, so what stands against it is only logged, but for a disk that refuses: once there is room
    the run can be resumed. allowed: see `save_results`.
    """
    from mri_core.prediction.predictor import load_predictor
    from mri_core.prediction.reference import save_reference
    from mri_core.prediction.reference_fit import make_reference

    try:
        reference = make_reference(dataset, run.spec, load_predictor(run.folder).outputs)
    except MriError as error:
        _log(f"new slices will not be compared with the training slices: {error}")
    else:
        allowed()
        save_reference(run.folder, reference)


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


def peak_memory_mb() -> float:
    """The most memory this process has held at once.

    Linux names it in the process's status; what `getrusage` says there includes the parent's at the process's start.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # bytes on macOS
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
