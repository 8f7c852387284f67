"""Commands about runs: models, train, runs, show, stop, resume, delete."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from mri_core.cli.output import Json, cell, console, messages, print_json, print_table, progress_bar
from mri_core.datasets.dataset import open_dataset
from mri_core.errors import InvalidInput, MriError
from mri_core.models import ARCHITECTURES
from mri_core.runs.liveness import settle
from mri_core.runs.liveness import stop as stop_run
from mri_core.runs.revival import revive
from mri_core.runs.run import Run, run_json
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import make_spec
from mri_core.training.start import resume_run, start_run

RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, the beginning of one, 'last' or 'champion'.")]

Resources = Annotated[
    str | None, typer.Option(metavar="NAME=AMOUNT,…", help="What it takes of a cluster's worker: CPU=4,GPU=1.")
]


def models(
    image_size: Annotated[int, typer.Option(min=1, max=4096, help="Height and width of a slice in pixels.")] = 64,
    channels: Annotated[int, typer.Option(help="1 or 3: what the network sees.")] = 3,
    labels: Annotated[int, typer.Option(min=1, max=1000, help="Number of labels.")] = 3,
    json: Json = False,
) -> None:
    """Architectures with their parameter counts."""
    from mri_core.models.build import count_parameters

    found = [
        {
            "name": name,
            "parameters": count_parameters(name, (image_size, image_size), labels, channels),
            "summary": (build.__doc__ or "").splitlines()[0],
        }
        for name, build in ARCHITECTURES.items()
    ]
    if json:
        print_json(found)
    else:
        print_table(("name", "parameters", "summary"), [tuple(entry.values()) for entry in found])


def train(
    dataset: Annotated[str, typer.Option(help="The data set to train on.")],
    preset: Annotated[str, typer.Option(help="Where the settings start from.")] = "cnn",
    changes: Annotated[list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Change a setting.")] = None,
    resources: Resources = None,
    detach: Annotated[bool, typer.Option("--detach", help="Queue the run and return at once.")] = False,
    json: Json = False,
) -> None:
    """Queue a run and follow it to its end. Ctrl-C stops following, not the run."""
    settings = Settings() if resources is None else Settings().taking(resources)
    spec = make_spec(preset, dict(field_and_value(change) for change in changes or []))
    run = start_run(spec, open_dataset(dataset, settings), settings)
    _see_through(run, settings, detach, json)


def runs(
    dataset: Annotated[str | None, typer.Option(help="Only of this data set.")] = None, json: Json = False
) -> None:
    """List the runs, newest first."""
    store = RunStore(Settings())
    revive(store.settings)
    found = [settle(store, run) for run in store.list(dataset)]
    if json:
        print_json([run_json(run) for run in found])
    elif not found:
        messages.print("There is no run yet. `mri train --dataset NAME` starts one.")
    else:
        print_table(
            ("run", "name", "data set", "status", "epochs", "val loss", "val micro-F1"),
            [_summary(run) for run in found],
        )


def show(run: RunName, json: Json = False) -> None:
    """One run: its settings, progress and curves."""
    found = _settled(run)
    if json:
        print_json(run_json(found))
        return
    device = f", trained on {found.device}" if found.device else ""
    console.print(f"{found.id}  {found.name}: {found.status}, data set '{found.dataset_name}'{device}")
    if found.error:
        console.print(found.error, markup=False)
    console.print(", ".join(f"{field} {value}" for field, value in found.spec.model_dump().items()))
    columns = (
        "epoch",
        "loss",
        "val_loss",
        "micro_f1",
        "val_micro_f1",
        "val_macro_f1",
        "val_subset_accuracy",
        "seconds",
    )
    print_table(columns, [tuple(row[column] for column in columns) for row in found.history])


def stop(run: RunName, json: Json = False) -> None:
    """Stop a run and keep the best weights so far."""
    store = RunStore(Settings())
    stopped = stop_run(store, store.find(run).id)
    if json:
        print_json(run_json(stopped))
    else:
        messages.print(f"Run {stopped.id[:8]} ({stopped.name}): {stopped.status if stopped.ended else 'stopping'}.")


def resume(
    run: RunName,
    resources: Resources = None,
    detach: Annotated[bool, typer.Option("--detach", help="Queue the run and return at once.")] = False,
    json: Json = False,
) -> None:
    """Go on with a stopped or failed run where it was, to the numbers of one that was never interrupted."""
    settings = Settings()
    taken = None if resources is None else settings.taking(resources).resources
    _see_through(resume_run(_settled(run), settings, taken), settings, detach, json)


def delete(run: RunName, json: Json = False) -> None:
    """Delete a run with its model and results."""
    store = RunStore(Settings())
    found = store.find(run)
    store.delete(found.id)
    if json:
        print_json({"deleted": found.id})
    else:
        messages.print(f"Deleted run {found.id[:8]} ({found.name}).")


def _see_through(run: Run, settings: Settings, detach: bool, json: bool) -> None:
    """Follow a queued run to its end, unless it is to be left alone."""
    messages.print(f"Queued run {run.id[:8]} ({run.name}).")
    if not detach:
        try:
            run = follow(RunStore(settings), run.id)
        except KeyboardInterrupt:
            messages.print(f"The run goes on. `mri show {run.id[:8]}` shows it, `mri stop {run.id[:8]}` ends it.")
    if json:
        print_json(run_json(run))
    if run.status == "failed":
        raise MriError(f"run {run.id[:8]} failed: {(run.error or 'no reason is known').splitlines()[0]}")


def _settled(run: str) -> Run:
    store = RunStore(Settings())
    revive(store.settings)
    return settle(store, store.find(run))


def field_and_value(change: str) -> tuple[str, str]:
    field, separator, value = change.partition("=")
    if not separator:
        raise InvalidInput(f"--set {change!r} should be FIELD=VALUE, such as --set epochs=5")
    return field.strip(), value.strip()


def follow(store: RunStore, run_id: str) -> Run:
    """Show a run's progress until it has ended."""
    with progress_bar("Queued") as bar:
        shown = 0
        while True:
            revive(store.settings)
            run = settle(store, store.get(run_id))
            for row in run.history[shown:]:
                messages.print(
                    f"epoch {row['epoch']:3}  loss {cell(row['loss'])}  val loss {cell(row['val_loss'])}  "
                    f"val micro-F1 {cell(row['val_micro_f1'])}  val macro-F1 {cell(row['val_macro_f1'])}"
                )
            shown = len(run.history)
            if run.ended:
                break
            if run.progress:
                at = run.progress
                bar((at.epoch - 1) * at.steps + at.step, at.epochs * at.steps)
            time.sleep(0.5)
    messages.print(f"Run {run.id[:8]} ({run.name}) {run.status}; best epoch {run.best_epoch or 'none'}.")
    return run


def _summary(run: Run) -> tuple:
    best = run.summary.get("best", {})
    done = run.summary.get("last", {}).get("epoch", 0)
    return (
        run.id[:8], run.name, run.dataset_name, run.status, f"{done} of {run.spec.epochs}",
        best.get("val_loss"), best.get("val_micro_f1"),
    )  # fmt: skip


COMMANDS = {
    "models": models, "train": train, "runs": runs, "show": show, "stop": stop, "resume": resume, "delete": delete,
}  # fmt: skip
