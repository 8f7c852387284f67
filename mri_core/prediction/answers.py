"""What a model says of files, as records: the JSON of `mri predict` and the table that the Predict page downloads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mri_core.errors import ImageError
from mri_core.images import read_file
from mri_core.images.apart import read_apart
from mri_core.prediction.predictor import Prediction, Predictor


@dataclass(frozen=True)
class FileAnswer:
    """The predictions for one file, in slice order, or the reason why there are none."""

    file: str
    predictions: tuple[Prediction, ...] = ()
    error: str | None = None


def answer_file(predictor: Predictor, data: bytes, name: str) -> FileAnswer:
    """Predict every slice of a stranger's file, given by its contents and read in a confined process.

    A file that cannot be read is an answer too.
    """
    try:
        return FileAnswer(name, tuple(predictor.predict(read_apart(data, name, predictor.description.preprocessing))))
    except ImageError as error:
        return FileAnswer(name, error=str(error))


def answer_path(predictor: Predictor, path: Path) -> FileAnswer:
    """Predict every slice of a file on disk. A file that cannot be read is an answer too."""
    try:
        return FileAnswer(str(path), tuple(predictor.predict(read_file(path, predictor.description.preprocessing))))
    except ImageError as error:
        return FileAnswer(str(path), error=str(error))


def answers_json(answers: Sequence[FileAnswer]) -> list[dict[str, Any]]:
    """One record a slice, or one with the error of a file that could not be read."""
    return [record for answer in answers for record in _records(answer)]


def answers_table(answers: Sequence[FileAnswer]) -> pd.DataFrame:
    """One row a slice: file, slice, position in mm, a probability and a threshold a label, the conclusion, warnings."""
    rows = []
    for answer in answers:
        for number, prediction in enumerate(answer.predictions):
            row: dict[str, Any] = {"file": _plain_cell(answer.file), "slice": number, "position": prediction.position}
            for label, probability in prediction.probabilities.items():
                row |= {f"probability {label}": probability, f"threshold {label}": prediction.thresholds[label]}
            row |= {"labels": "; ".join(prediction.labels), "no finding": not prediction.labels}
            rows.append(row | {"warnings": " ".join(prediction.warnings)})
    return pd.DataFrame(rows)


def _records(answer: FileAnswer) -> list[dict[str, Any]]:
    if answer.error is not None:
        return [{"file": answer.file, "error": answer.error}]
    several = len(answer.predictions) > 1
    return [
        {
            "file": answer.file,
            "slice": number if several else None,
            "probabilities": prediction.probabilities,
            "thresholds": prediction.thresholds,
            "labels": list(prediction.labels),
            "no_finding": not prediction.labels,
            "warnings": list(prediction.warnings),
        }
        for number, prediction in enumerate(answer.predictions)
    ]


def _plain_cell(text: str) -> str:
    """Keep spreadsheet programs from running a file's name as a formula (OWASP, "CSV Injection")."""
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
