"""The command that trains networks to judge a data set's labels: crossvalidate."""

from __future__ import annotations

from typing import Annotated

import typer

from mri_core.cli.output import Json, messages, print_json
from mri_core.cli.training import field_and_value, follow
from mri_core.datasets.dataset import open_dataset
from mri_core.errors import InvalidInput, MriError
from mri_core.prediction.out_of_fold import CrossValidation, cross_validations
from mri_core.runs.run import run_json
from mri_core.runs.store import RunStore
from mri_core.settings import Settings
from mri_core.training.presets import JUDGES, make_spec
from mri_core.training.spec import PARTS
from mri_core.training.start import start_parts


def crossvalidate(
    dataset: Annotated[str, typer.Option(help="The data set to train on.")],
    preset: Annotated[str, typer.Option(help="Where the settings start from.")] = JUDGES,
    changes: Annotated[list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Change a setting.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Queue the runs and return at once.")] = False,
    json: Json = False,
) -> None:
    """Queue a run for each fifth of the training patients, which it leaves out and judges. Parts that are done stay."""
    settings = Settings()
    store, opened = RunStore(settings), open_dataset(dataset, settings)
    spec = make_spec(preset, dict(field_and_value(change) for change in changes or []))
    if spec.left_out:
        raise InvalidInput(f"left_out is {spec.left_out}, expected 0: a cross-validation leaves out each part in turn")
    known = [one for one in cross_validations(store.list(dataset), opened) if one.spec == spec]
    judges = known[0] if known else CrossValidation(spec, {}, ())
    queued = start_parts(spec, judges.missing, opened, settings)
    names = ", ".join(f"{run.id[:8]} ({run.name})" for run in queued)
    messages.print(f"Queued {len(queued)} of {PARTS} runs{': ' * bool(queued)}{names}.", markup=False)
    found = [*judges.runs, *judges.waiting, *queued]
    if not detach:
        try:
            found = [run if run.ended else follow(store, run.id) for run in found]
        except KeyboardInterrupt:
            messages.print("The runs go on. `mri runs` shows them, `mri stop RUN` ends one.")
    if json:
        print_json([run_json(run) for run in found])
    if failed := [run for run in found if run.status == "failed"]:
        reason = (failed[0].error or "no reason is known").splitlines()[0]
        raise MriError(f"run {failed[0].id[:8]} failed: {reason}")
    if not json and not detach:
        messages.print(f"`mri check {dataset} --run {found[-1].id[:8]}` names the labels they dispute.", markup=False)


COMMANDS = {"crossvalidate": crossvalidate}
