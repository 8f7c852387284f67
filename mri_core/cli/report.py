"""The command that writes a run's model card: report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mri_core.cli.output import Json, check_out, messages, print_json
from mri_core.cli.training import RunName
from mri_core.documents.file import write_file
from mri_core.runs.store import RunStore
from mri_core.settings import Settings


def report(
    run: RunName,
    out: Annotated[Path, typer.Option(help="The file to write: .html, .md or .json.")],
    json: Json = False,
) -> None:
    """Write a run's model card: what it is, what it is worth, where it fails, how to repeat it."""
    from mri_core.card.card import make_card
    from mri_core.card.forms import FORMS

    check_out(out, FORMS)
    settings = Settings()
    found = RunStore(settings).find(run)
    write_file(out, FORMS[out.suffix.lower()](make_card(found, settings)))
    if json:
        print_json({"run": found.id, "file": str(out)})
    else:
        messages.print(f"Wrote {out}.", markup=False)


COMMANDS = {"report": report}
