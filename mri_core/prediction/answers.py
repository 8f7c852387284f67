"""What a model says of files, as records: the JSON of `mri predict` and the table that pages and commands save."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mri_core.errors import ImageError
from mri_core.images.apart import read_apart
from mri_core.images.slice import Slice
from mri_core.prediction.model_file import ModelDescription
from mri_core.prediction.predictor import Prediction, Predictor
from mri_core.prediction.volume import answer_volume

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Source:
    """A file of an upload, or of the disk. place: its number there and, where that is a zip, its number in the zip."""

    name: str
    place: tuple[int, ...]


@dataclass(frozen=True)
class FileAnswer:
    """The predictions for one file, in slice order, or the reason why there are none.

    series, instance: of a DICOM file with a single slice, as `images.Slice` has them. sources: for files of an upload,
    or of the disk, the file; where the files of a series are one answer, a file for each prediction.
    """

    file: str
    predictions: tuple[Prediction, ...] = ()
    error: str | None = None
    series: str | None = None
    instance: int | None = None
    sources: tuple[Source, ...] = ()

    def file_of(self, number: int) -> str:
        """The name of the file that a slice came from."""
        return self.sources[number].name if len(self.sources) > 1 else self.file


def answer_slices(source: Source, slices: Sequence[Slice], predictions: Sequence[Prediction]) -> FileAnswer:
    """The answer for a file that holds these slices: with its series, where it is one slice of one."""
    alone = slices[0] if len(slices) == 1 else None
    return FileAnswer(
        source.name,
        tuple(predictions),
        series=alone.series if alone else None,
        instance=alone.instance if alone else None,
        sources=(source,),
    )


def answer_file(predictor: Predictor, data: bytes, name: str) -> FileAnswer:
    """Predict every slice of a stranger's file, given by its contents and read in a confined process.

    A file that cannot be read is an answer too.
    """
    try:
        return FileAnswer(name, tuple(predictor.predict(read_apart(data, name, predictor.description.preprocessing))))
    except ImageError as error:
        return FileAnswer(name, error=str(error))


def answers_json(answers: Sequence[FileAnswer]) -> list[dict[str, Any]]:
    """One record a slice, or one with the error of a file that could not be read.

    file, slice: where it comes from: the slice's number in its file, from 0, or None where it is the file's only one.
    volume: of the file or the series that it is one of several slices of; place: its number there, from 0. The
    probabilities and labels there are the patient's, see `volume.answer_volume`.
    """
    return [record for answer in answers for record in _records(answer)]


def answers_table(answers: Sequence[FileAnswer], model: ModelDescription) -> pd.DataFrame:
    """One row a slice, of all files that could be read.

    Columns: file; slice, from 0; position in mm; for each label its probability, its threshold and whether it is
    concluded; labels, those that are; no finding; warnings; series, where the file is one of several of a DICOM series;
    model, the run's id; data set fingerprint, of what it was trained on.
    """
    import pandas as pd

    slices = [
        (answer, number, prediction) for answer in answers for number, prediction in enumerate(answer.predictions)
    ]
    columns: dict[str, list[Any]] = {
        "file": [answer.file_of(number) for answer, number, _ in slices],
        "slice": [number for _, number, _ in slices],
        "position": [one.position for _, _, one in slices],
    }
    for label in model.labels:
        columns[f"probability {label}"] = [one.probabilities[label] for _, _, one in slices]
        columns[f"threshold {label}"] = [one.thresholds[label] for _, _, one in slices]
        columns[f"concluded {label}"] = [label in one.labels for _, _, one in slices]
    columns |= {
        "labels": ["; ".join(one.labels) for _, _, one in slices],
        "no finding": [not one.labels for _, _, one in slices],
        "warnings": [" ".join(one.warnings) for _, _, one in slices],
        "series": [answer.series or "" for answer, _, _ in slices],
        "model": [model.run] * len(slices),
        "data set fingerprint": [model.dataset["fingerprint"]] * len(slices),
    }
    return pd.DataFrame(columns).astype({"position": float})


def _records(answer: FileAnswer) -> list[dict[str, Any]]:
    if answer.error is not None:
        return [{"file": answer.file, "error": answer.error}]
    several, own = len(answer.predictions) > 1, len(answer.sources) > 1  # a file holds the slices, or each has its own
    volume = _volume(answer)
    return [
        {
            "file": answer.file_of(number),
            "slice": number if several and not own else None,
            "probabilities": prediction.probabilities,
            "thresholds": prediction.thresholds,
            "labels": list(prediction.labels),
            "no_finding": not prediction.labels,
            "warnings": list(prediction.warnings),
            "series": answer.series,
            "volume": {"place": number, **volume} if volume else None,
        }
        for number, prediction in enumerate(answer.predictions)
    ]


def _volume(answer: FileAnswer) -> dict[str, Any] | None:
    """What is told of a whole volume with each of its slices; None for a single slice."""
    if len(answer.predictions) < 2:
        return None
    found = answer_volume(answer.predictions)
    return {
        "name": answer.file,
        "slices": found.slices,
        "probabilities": found.probabilities,
        "labels": list(found.labels),
        "no_finding": not found.labels,
    }
