"""Commands about what a run is worth and what it says: evaluate, predict, export."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from mri_core.charts.prediction_tables import conclusion
from mri_core.cli.output import (
    Json,
    cell,
    check_out,
    console,
    messages,
    print_json,
    print_table,
    progress_bar,
)
from mri_core.cli.training import RunName
from mri_core.csv_text import csv_text
from mri_core.evaluation.judgement import TOP_SLICES
from mri_core.evaluation.table import AVERAGE_ROWS
from mri_core.exporting import FORMATS
from mri_core.exporting.export import export_model
from mri_core.prediction.answers import FileAnswer, answers_json, answers_table
from mri_core.prediction.judged_run import open_judged_run, trained_on
from mri_core.prediction.on_disk import answer_paths
from mri_core.prediction.predictor import load_predictor
from mri_core.prediction.run_report import report_of
from mri_core.prediction.submission import submission_table
from mri_core.prediction.volume import answer_volume
from mri_core.replacing import replacing
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


def evaluate(
    run: RunName,
    split: Annotated[Literal["validation", "test"], typer.Option(help="The slices to judge on.")] = "validation",
    json: Json = False,
) -> None:
    """Scores of a run at the model's thresholds."""
    found = _find(run)
    document = report_of(open_judged_run(found, split, Settings())).judgement.to_json()
    if json:
        print_json({"run": found.id, "split": split, **document})
        return
    support = {name: scores["support"] for name, scores in document["labels"].items()}
    support |= dict.fromkeys(document["averages"], sum(support.values()))
    parts = {**document["labels"], **document["averages"]}
    reasons = {**document["reasons"]["labels"], **document["reasons"]["averages"]}
    intervals = {**document["intervals"]["labels"], **document["intervals"]["averages"]}
    rows = [
        (
            AVERAGE_ROWS.get(name, name),
            *_in_words(scores, reasons[name], "precision", "recall", "f1"),
            _interval(intervals[name]["f1"]),
            support[name],
        )
        for name, scores in parts.items()
    ]
    columns = ("", "precision", "recall", "f1", "f1, 95 % interval", "support")
    print_table(columns, rows, title=f"{found.name} on {split}")
    resampled = document["intervals"]
    console.print(f"intervals: {resampled['method']}, {resampled['number']:,} {resampled['unit']}s")
    nothing, baseline = document["no_finding"], document["baseline"]
    subset, predicted = cell(document["subset_accuracy"]), cell(baseline["subset_accuracy"])
    console.print(f"\nsubset accuracy {subset} (predict nothing: {predicted})")
    recall, precision = _in_words(nothing, document["reasons"]["no_finding"], "recall", "precision")
    console.print(f"no finding: recall {recall}, precision {precision} on {nothing['slices']:,} slices")


def predict(
    run: RunName,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE", help="PNG, JPEG, TIFF, BMP, WebP, DICOM, NIfTI, NPY or NPZ files, folders or zips of them."
        ),
    ] = None,
    split: Annotated[
        Literal["validation", "test"] | None,
        typer.Option(help="Instead of files: the stored answers to this split, as a competition's submission file."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the answers here: a table of all slices, .csv or .parquet.")
    ] = None,
    json: Json = False,
) -> None:
    """Label probabilities of files. One that cannot be read is reported and the others still run.

    The files of a DICOM series are the slices of one volume, in order of their place.

    With --split test --out FILE.csv: a row a test slice, its id and 0 or 1 for each label.
    """
    if bool(files) == bool(split) or (split and not out):
        raise typer.BadParameter("give either files, or --split and --out")
    if out:
        check_out(out, (".csv",) if split else (".csv", ".parquet"))
    if split:
        _write_submission(_find(run), split, cast(Path, out), json)
        return
    predictor = load_predictor(_find(run).folder)
    with progress_bar("Predicting") as progress:
        answers = answer_paths(predictor, files or [], progress)
    if out:
        _write_table(answers_table(answers, predictor.description), out)
    failed = [answer for answer in answers if answer.error is not None]
    if json:
        print_json(answers_json(answers))
    else:
        _print_answers(answers, predictor.description.labels)
        for answer in failed:
            messages.print(f"error: {answer.error}", markup=False)
    if failed:
        raise typer.Exit(1)


def export(
    run: RunName,
    out: Annotated[Path, typer.Option(help="The file to write; its suffix is the format's.")],
    format: Annotated[str, typer.Option(help=f"The model's format: {', '.join(FORMATS)}.")] = "onnx",
    example: Annotated[
        bool, typer.Option("--example", help="Write a short script beside it that predicts with it alone.")
    ] = False,
    json: Json = False,
) -> None:
    """Write a run's model, calibrated as it is, for use elsewhere, and compare it with Keras."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    found, settings = _find(run), Settings()
    exported = export_model(found.folder, format, out, trained_on(found, settings), example)
    if json:
        print_json({"run": found.id, "format": format, **exported.to_json()})
        return
    messages.print(f"Wrote {', '.join(map(str, exported.files))}.", markup=False)
    on = f"{exported.slices:,} {'random pictures' if exported.of_noise else 'validation slices'}"
    messages.print(f"Its probabilities differ from Keras's by at most {exported.difference:.1e} on {on}.", markup=False)
    messages.print(
        f"Takes uint8 slices (n, {', '.join(map(str, exported.takes))}), 0-255; gives probabilities of "
        f"{', '.join(found.label_names)}.",
        markup=False,
    )


def _in_words(scores: dict[str, Any], reasons: dict[str, str], *names: str) -> list[str]:
    """Scores with three decimals, or why they are undefined."""
    return [reasons[name] if scores[name] is None else cell(scores[name]) for name in names]


def _interval(limits: list[float] | None) -> str:
    return "undefined" if limits is None else f"{limits[0]:.3f} to {limits[1]:.3f}"


def _find(run: str) -> Run:
    return RunStore(Settings()).find(run)


def _write_submission(run: Run, split: str, out: Path, json: bool) -> None:
    table = submission_table(open_judged_run(run, split, Settings()))
    _write_table(table, out)
    if json:
        print_json({"run": run.id, "split": split, "slices": len(table), "file": str(out)})


def _write_table(table: pd.DataFrame, out: Path) -> None:
    data = csv_text(table).encode() if out.suffix.lower() == ".csv" else table.to_parquet(index=False)
    with replacing(out) as file:
        file.write(data)
    messages.print(f"Wrote {len(table):,} slices to {out}.", markup=False)


def _print_answers(answers: list[FileAnswer], labels: tuple[str, ...]) -> None:
    rows = [
        (answer.file_of(number), number, *one.probabilities.values(), conclusion(one))
        for answer in answers
        for number, one in enumerate(answer.predictions)
    ]
    if rows:
        print_table(("file", "slice", *labels, "concludes"), rows)
    volumes = [(answer.file, answer_volume(answer.predictions)) for answer in answers if len(answer.predictions) > 1]
    if volumes:
        patients = [(name, one.slices, *one.probabilities.values(), conclusion(one)) for name, one in volumes]
        rule = f"of each label the mean of its {TOP_SLICES} most probable slices"
        print_table(("volume", "slices", *labels, "patient"), patients, title=f"\nPatients: {rule}")
    for answer in answers:
        for warning in dict.fromkeys(text for one in answer.predictions for text in one.warnings):
            messages.print(f"warning: {answer.file}: {warning}", markup=False)


COMMANDS = {"evaluate": evaluate, "predict": predict, "export": export}
