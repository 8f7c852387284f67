"""The command that imports a lab's own slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from mri_core.charts.import_tables import counts_in_words
from mri_core.cli.data import described
from mri_core.cli.output import Json, check_out, console, messages, print_json, print_table, progress_bar
from mri_core.datasets.dataset import SPLITS, Split
from mri_core.datasets.importing.plan import Choices
from mri_core.datasets.importing.run import Imported, Preview, Recipe, import_source, preview
from mri_core.datasets.importing.summary import Summary
from mri_core.datasets.split import FRACTIONS
from mri_core.errors import InvalidInput
from mri_core.images.preprocessing import STANDARD, Axis, Preprocessing, Resampling, Window
from mri_core.replacing import replacing
from mri_core.settings import Settings
from mri_core.words import percent

_SHOWN = 20  # files left out that are listed before the report has to be asked for


def import_(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="What holds the slices: a folder or a file.")],
    name: Annotated[str | None, typer.Option(help="What to call the data set.")] = None,
    labels: Annotated[Path | None, typer.Option(help="The table of labels: CSV, TSV, Parquet or XLSX.")] = None,
    kind: Annotated[str | None, typer.Option("--as", help="The kind of source, where it is not recognised.")] = None,
    file_column: Annotated[str | None, typer.Option(help="The column that names the files.")] = None,
    patient_column: Annotated[str | None, typer.Option(help="The column that names the patients.")] = None,
    split_column: Annotated[str | None, typer.Option(help="The column of train, validation and test.")] = None,
    label_columns: Annotated[str, typer.Option(help="The columns of labels, with commas between.")] = "",
    labels_in: Annotated[str | None, typer.Option(help="The one column that holds label names.")] = None,
    separator: Annotated[str | None, typer.Option(help="What stands between label names.")] = None,
    size: Annotated[int, typer.Option(min=8, max=1024, help="Height and width of the slices in pixels.")] = 64,
    colour: Annotated[bool, typer.Option("--colour", help="Keep three channels; else slices are grey.")] = False,
    resampling: Annotated[Resampling, typer.Option(help="The filter that scales slices.")] = STANDARD.resampling,
    window: Annotated[Window, typer.Option(help="What deep intensities are cut to.")] = STANDARD.window,
    percentiles: Annotated[tuple[float, float], typer.Option(help="They become black and white.")] = (
        STANDARD.low, STANDARD.high,
    ),
    axis: Annotated[Axis, typer.Option(help="How volumes are cut.")] = STANDARD.axis,
    slices: Annotated[tuple[int, int] | None, typer.Option(help="Of a volume: first taken, first not.")] = None,
    mask_pixels: Annotated[int, typer.Option(min=1, help="Pixels that a mask covers where a label is on.")] = 1,
    fractions: Annotated[str, typer.Option(help="Of train, validation and test.")] = "0.6,0.15,0.25",
    seed: Annotated[int, typer.Option(min=0, help="Of the split, where the source has none.")] = 0,
    resplit: Annotated[bool, typer.Option("--resplit", help="Forget the source's own split.")] = False,
    report: Annotated[Path | None, typer.Option(help="A CSV file to list everything left out in.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be imported, and stop.")] = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Import images and their labels; what cannot be read is listed and the others are taken."""
    columns = (file_column, patient_column, split_column)
    names = tuple(name.strip() for name in label_columns.split(",") if name.strip())
    how = _preprocessing(resampling, window, percentiles, axis)
    choices = Choices(labels, *columns, names, labels_in, separator, resplit, slices, mask_pixels, how)
    if dry_run:
        _show_preview(preview(source, choices, kind), json)
        return
    if name is None:
        raise typer.BadParameter("say what to call the data set", param_hint="--name")
    if report is not None:
        check_out(report, [".csv"], "--report")
    shape = (size, size, 3) if colour else (size, size)
    recipe = Recipe(shape, _fractions(fractions), seed)
    with progress_bar("Reading images") as progress:
        imported = import_source(Settings(), name, source, choices, recipe, kind, progress)
    if report is not None:
        with replacing(report) as file:
            file.write(imported.summary.report().encode())
    if json:
        _print_json(imported)
    else:
        _print_summary(name, imported.summary, report)


def _preprocessing(
    resampling: Resampling, window: Window, percentiles: tuple[float, float], axis: Axis
) -> Preprocessing:
    try:
        return Preprocessing(resampling=resampling, window=window, low=percentiles[0], high=percentiles[1], axis=axis)
    except ValidationError as error:
        raise InvalidInput(
            f"--percentiles are {percentiles[0]:g} and {percentiles[1]:g}, expected two from 0 to 100, the lower first"
        ) from error


def _fractions(text: str) -> Mapping[Split, float]:
    try:
        return dict(zip(SPLITS, map(float, text.split(",")), strict=True))
    except ValueError as error:
        usual = ",".join(f"{share:g}" for share in FRACTIONS.values())
        raise InvalidInput(f"--fractions is {text!r}, expected three shares such as {usual}") from error


def _print_json(imported: Imported) -> None:
    summary = imported.summary
    named = {one.what: one.why for one in summary.left_out if one.reason != "file without a row"}
    print_json(described(imported.dataset.header) | {"skipped": named, "summary": summary.to_json()})


def _print_summary(name: str, summary: Summary, report: Path | None) -> None:
    for one in summary.left_out[:_SHOWN]:
        messages.print(f"{one.reason}: {one.why if one.what in one.why else f'{one.what}: {one.why}'}", markup=False)
    if len(summary.left_out) > _SHOWN and report is None:
        messages.print(f"… and {len(summary.left_out) - _SHOWN:,} more; --report FILE.csv lists them all")
    for note in summary.notes:
        messages.print(f"note: {note}.", markup=False)
    for warning in summary.warnings:
        messages.print(f"warning: {warning}.", markup=False)
    left_out = ", ".join(filter(None, (f"{summary.taken:,} slices taken", counts_in_words(summary.counts))))
    messages.print(f"Created data set '{name}': {left_out}.", markup=False)
    rows = [
        (label, *("" if share is None else percent(share) for share in shares.values()))
        for label, shares in summary.prevalence.items()
    ]
    print_table(("prevalence", *next(iter(summary.prevalence.values()))), rows)
    console.print("slices: " + ", ".join(f"{number:,} {split}" for split, number in summary.splits.items()))


def _show_preview(found: Preview, json: bool) -> None:
    if json:
        print_json({**vars(found), "left_out": [asdict(one) for one in found.left_out]})
        return
    console.print(f"{found.summary}: {found.total:,} slices", markup=False)
    print_table(("what", "where"), list(found.mapping.items()))
    for note in found.notes:
        console.print(f"note: {note}.", markup=False)
    if found.rows:
        print_table(tuple(found.rows[0]), [tuple(_blank(value) for value in row.values()) for row in found.rows])
    for one in found.left_out[:_SHOWN]:
        console.print(f"{one.reason}: {one.why if one.what in one.why else f'{one.what}: {one.why}'}", markup=False)


def _blank(value: object) -> object:
    return "" if value is None else value


COMMANDS = {"import": import_}
