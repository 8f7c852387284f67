"""The command that moves the record of all runs to another database: migrate."""

from __future__ import annotations

from typing import Annotated

import typer

from mri_core.cli.output import Json, messages, print_json, print_table, progress_bar
from mri_core.runs.migrate import migrate as copy_all
from mri_core.settings import Settings


def migrate(
    to: Annotated[str, typer.Option("--to", metavar="URI", help="Such as postgresql://USER@HOST/DATABASE.")],
    source: Annotated[
        str | None, typer.Option("--from", metavar="URI", help="Another database than the one in MRI_HOME.")
    ] = None,
    json: Json = False,
) -> None:
    """Copy the record of every run and champion into another database, and compare both."""
    settings = Settings()
    source = source or settings.model_copy(update={"tracking_uri_setting": ""}).tracking_uri
    with progress_bar("Copying runs") as bar:
        done = copy_all(source, to, settings, bar)
    if json:
        print_json(done.to_json())
        return
    print_table(
        ("table", "rows", "copied", "checksum in both"),
        [(name, moved.rows, moved.copied, moved.checksum) for name, moved in done.tables.items()],
    )
    messages.print(
        f"{done.runs:,} runs and {done.promotions:,} promotions of {done.source} are in {done.target}, the same to the "
        "last value. Set MLFLOW_TRACKING_URI to that address, with its password, to work with them there.",
        markup=False,
    )


COMMANDS = {"migrate": migrate}
