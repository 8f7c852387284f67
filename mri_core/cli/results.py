"""Commands about what a run is worth and what it says: evaluate, predict, export."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mri_core.cli.output import Json, cell, console, messages, print_json, print_table
from mri_core.cli.training import RunName
from mri_core.errors import InvalidInput, MriError, StorageError
from mri_core.evaluation.evaluation import evaluate as evaluate_predictions
from mri_core.evaluation.predictions import load_predictions
from mri_core.evaluation.table import AVERAGE_ROWS
from mri_core.prediction.model_file import MODEL_KERAS, MODEL_ONNX, read_description
from mri_core.runs.run import Run
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

_EXPORTS = {"onnx": MODEL_ONNX, "keras": MODEL_KERAS}


def evaluate(
    run: RunName,
    split: Annotated[Literal["validation", "test"], typer.Option(help="The slices to judge on.")] = "validation",
    json: Json = False,
) -> None:
    """Scores of a run at the model's thresholds."""
    found = _find(run)
    thresholds = read_description(found.folder).thresholds
    stored = load_predictions(found.folder, split)
    evaluation = evaluate_predictions(
        stored.truth, stored.probabilities, stored.label_names, [thresholds[name] for name in stored.label_names]
    )
    if json:
        print_json({"run": found.id, "split": split, **evaluation.to_json()})
        return
    document = evaluation.to_json()
    support = {name: scores["support"] for name, scores in document["labels"].items()}
    support |= dict.fromkeys(document["averages"], sum(support.values()))
    parts = {**document["labels"], **document["averages"]}
    reasons = {**document["reasons"]["labels"], **document["reasons"]["averages"]}
    rows = [
        (AVERAGE_ROWS.get(name, name), *_in_words(scores, reasons[name], "precision", "recall", "f1"), support[name])
        for name, scores in parts.items()
    ]
    print_table(("", "precision", "recall", "f1", "support"), rows, title=f"{found.name} on {split}")
    nothing, baseline = document["no_finding"], document["baseline"]
    subset, predicted = cell(document["subset_accuracy"]), cell(baseline["subset_accuracy"])
    console.print(f"\nsubset accuracy {subset} (predict nothing: {predicted})")
    recall, precision = _in_words(nothing, document["reasons"]["no_finding"], "recall", "precision")
    console.print(f"no finding: recall {recall}, precision {precision} on {nothing['slices']:,} slices")


def predict(
    run: RunName,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="PNG, JPEG, TIFF, DICOM or NIfTI files.")],
    json: Json = False,
) -> None:
    """Label probabilities of files. One that cannot be read is reported and the others still run."""
    from mri_core.images import read_file
    from mri_core.prediction.predictor import load_predictor

    predictor = load_predictor(_find(run).folder)
    answers: list[dict[str, Any]] = []
    for file in files:
        try:
            slices = read_file(file)
            predictions = predictor.predict(slices)
        except MriError as error:
            answers.append({"file": str(file), "error": str(error)})
            continue
        for number, prediction in enumerate(predictions):
            answers.append(
                {
                    "file": str(file),
                    "slice": number if len(slices) > 1 else None,
                    "probabilities": prediction.probabilities,
                    "thresholds": prediction.thresholds,
                    "labels": list(prediction.labels),
                    "no_finding": not prediction.labels,
                    "warnings": list(prediction.warnings),
                }
            )
    failed = [answer for answer in answers if "error" in answer]
    if json:
        print_json(answers)
    else:
        _print_answers([answer for answer in answers if "error" not in answer], predictor.description.labels)
        for answer in failed:
            messages.print(f"error: {answer['error']}", markup=False)
    if failed:
        raise typer.Exit(1)


def export(
    run: RunName,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format: Annotated[Literal["onnx", "keras"], typer.Option(help="The model's format.")] = "onnx",
    json: Json = False,
) -> None:
    """Copy a run's model for use elsewhere, verified when the run ended."""
    found = _find(run)
    description = read_description(found.folder)
    if out.is_dir():
        raise InvalidInput(f"--out {out} is a directory; expected a file such as {out / ('model.' + format)}")
    try:
        shutil.copyfile(found.folder / _EXPORTS[format], out)
    except OSError as error:
        raise StorageError(f"cannot write {out}: {error.strerror}; choose another place with --out") from error
    if json:
        print_json({"run": found.id, "format": format, "file": str(out), "difference": description.onnx_difference})
    else:
        messages.print(
            f"Wrote {out}. Takes uint8 slices (n, {', '.join(map(str, description.image_shape))}), 0-255; gives "
            f"probabilities of {', '.join(description.labels)}.", markup=False,
        )  # fmt: skip


def _in_words(scores: dict[str, Any], reasons: dict[str, str], *names: str) -> list[str]:
    """Scores with three decimals, or why they are undefined."""
    return [reasons[name] if scores[name] is None else cell(scores[name]) for name in names]


def _find(run: str) -> Run:
    return RunStore(Settings()).find(run)


def _print_answers(answers: list[dict[str, Any]], labels: tuple[str, ...]) -> None:
    if answers:
        rows = [
            (a["file"], a["slice"] if a["slice"] is not None else "", *a["probabilities"].values(),
             ", ".join(a["labels"]) or "no finding")
            for a in answers
        ]  # fmt: skip
        print_table(("file", "slice", *labels, "concludes"), rows)
    for answer in answers:
        for warning in answer["warnings"]:
            messages.print(f"warning: {answer['file']}: {warning}", markup=False)


COMMANDS = {"evaluate": evaluate, "predict": predict, "export": export}
