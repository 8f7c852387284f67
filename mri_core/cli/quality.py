"""The command about what is wrong with a data set: check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mri_core import words
from mri_core.cli.output import Json, check_out, console, messages, print_json, print_table, progress_bar
from mri_core.csv_text import csv_text
from mri_core.datasets.dataset import Dataset, check_name, open_dataset
from mri_core.prediction.out_of_fold import cross_validation_of
from mri_core.prediction.run_label_errors import NAME, find_label_errors
from mri_core.quality.checks import CHECKS, Check, Quality, check_dataset, to_exclude
from mri_core.quality.examples import numbers_table, slices_table, summary_table, to_json
from mri_core.quality.exclude import exclude as leave_out
from mri_core.quality.exclude import next_name
from mri_core.replacing import replacing
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

_MOST_LINES = 20
"""Longest table of numbers that is printed; longer ones are in the JSON document."""


def check(
    name: Annotated[str, typer.Argument(help="A data set.")],
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="CHECK", help=f"Run only this check: {', '.join(CHECKS)}. May be repeated."),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help=f"Look for wrong labels too ({NAME}), by an ended run and those cross-validated with it.",
        ),
    ] = None,
    surest: Annotated[
        int | None, typer.Option(min=1, help="List, and leave out, only so many suspected label errors.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the slices of all findings into a CSV file.")] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHECK", help="Leave the slices of this check or finding out of a new version. Repeatable."
        ),
    ] = None,
    new_name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="What to call the new version.", show_default="NAME v2")
    ] = None,
    json: Json = False,
) -> None:
    """What is wrong with a data set before training on it: duplicates, leakage, odd slices, labels."""
    settings = Settings()
    dataset = open_dataset(name, settings)
    if new_name and not exclude:
        raise typer.BadParameter("names a new version, so say with --exclude what it shall lack", param_hint="--as")
    if out:
        check_out(out, (".csv",))
    checks = CHECKS | ({NAME: _label_errors(dataset, run, surest, settings)} if run else {})
    with progress_bar("Checking") as progress:
        quality = check_dataset(dataset, only or (), lambda _, done, total: progress(done, total), checks)
    if out:
        with replacing(out, "choose another place with --out") as file:
            file.write(csv_text(slices_table(dataset, quality.findings)).encode())
    made = (
        _new_version(quality, exclude, check_name(new_name or next_name(name, settings)), settings) if exclude else None
    )
    if json:
        print_json(_document(quality) | ({"new_version": made.header.model_dump(mode="json")} if made else {}))
        return
    _print(quality)
    if out:
        messages.print(f"Wrote {out}.", markup=False)
    if made:
        left_out = dataset.header.slices - made.header.slices
        told = f"{words.count(made.header.slices)} slices, {words.count(left_out)} left out"
        messages.print(f"Created data set '{made.name}': {told}. '{name}' stays as it is.", markup=False)


def _label_errors(dataset: Dataset, run: str, surest: int | None, settings: Settings) -> Check:
    """A check of the labels by a run and the others of its cross-validation."""
    store = RunStore(settings)
    judges = cross_validation_of(store.find(run), store.list(dataset.name), dataset)

    return lambda dataset: find_label_errors(judges.runs, dataset).findings(most=surest)


def _document(quality: Quality) -> dict[str, Any]:
    header = quality.dataset.header
    known = {"name": header.name, "fingerprint": header.fingerprint, "slices": header.slices}
    return known | {"checks": list(quality.found), "findings": to_json(quality.dataset, quality.findings)}


def _new_version(quality: Quality, names: list[str], new_name: str, settings: Settings) -> Dataset:
    findings = list({one.name: one for name in names for one in quality.named(name)}.values())
    rows = to_exclude(findings)
    reasons = {finding.name: len(finding.excluded) for finding in findings if len(finding.excluded)}
    with progress_bar("Writing slices") as progress:
        return leave_out(quality.dataset, rows, settings, new_name, reasons, progress)


def _print(quality: Quality) -> None:
    if not quality.findings:
        console.print(f"{quality.dataset.name}: nothing found by {', '.join(quality.found)}", markup=False)
        return
    table = summary_table(quality.findings)
    names = [finding.name for finding in quality.findings]
    print_table(
        ("name", *map(str.lower, table.columns)), [(n, *row) for n, row in zip(names, table.to_numpy(), strict=True)]
    )
    for finding in quality.findings:
        console.print(f"\n{finding.title} ({finding.name})", markup=False)
        for said in (finding.summary, finding.meaning, finding.advice):
            console.print(f"  {said}", markup=False)
        numbers = numbers_table(finding)
        if numbers is not None and len(numbers) <= _MOST_LINES:
            print_table(list(numbers.columns), numbers.to_numpy().tolist())


COMMANDS = {"check": check}
