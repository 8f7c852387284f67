"""The owner's files where they lie, in folders and zips too: what a model says of them, each series one volume."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from mri_core.datasets.importing.files import walk
from mri_core.errors import ImageError
from mri_core.images import Preprocessing, Slice, read_file, read_slices
from mri_core.images.archive import is_archive, unpack
from mri_core.images.limits import check_bytes, refuse
from mri_core.prediction.answers import FileAnswer, Source, answer_slices
from mri_core.prediction.batch import merge_series
from mri_core.prediction.predictor import Predictor

_HEAD_BYTES = 2**17
"""More than stands in a zip before its first file's contents, by whose name a zip of arrays is known."""


def answer_paths(
    predictor: Predictor, paths: Sequence[Path], progress: Callable[[int, int], None] | None = None
) -> list[FileAnswer]:
    """What a model says of files, of all in folders but hidden ones, and of those in zips, in order.

    The files of each DICOM series are one answer. A file, folder or zip that cannot be read is an answer too.
    progress: called with the files and zips that are done, and with all there are.
    """
    files = [file for path in paths for file in _opened(path)]
    answers: list[FileAnswer] = []
    for number, file in enumerate(files, start=1):
        answers += _answers(predictor, file, number - 1)
        if progress:
            progress(number, len(files))
    return merge_series(answers)


def _opened(path: Path) -> list[Path]:
    """The files in a folder; a file, or a folder without any, by itself."""
    return [path / inside for inside in walk(path)] or [path]


def _answers(predictor: Predictor, path: Path, number: int) -> Iterator[FileAnswer]:
    """One for a file, one for each file in a zip, and one with the error where a zip breaks off."""
    source = Source(str(path), (number,))
    try:
        if path.is_dir():
            raise refuse(path.resolve().name, "there is no file in it", "a folder with files of images")
        if not _is_zip(path):
            yield _answer(predictor, source, partial(read_file, path))
            return
        check_bytes(path.name, path.stat().st_size)
        for place, (member, contents) in enumerate(unpack(path.read_bytes(), path.name)):
            inside = Source(f"{path}/{member}", (number, place))
            yield _answer(predictor, inside, partial(read_slices, contents, member))
    except ImageError as error:
        yield FileAnswer(source.name, error=str(error), sources=(source,))


def _answer(predictor: Predictor, source: Source, read: Callable[[Preprocessing], list[Slice]]) -> FileAnswer:
    try:
        slices = read(predictor.description.preprocessing)
    except ImageError as error:
        return FileAnswer(source.name, error=str(error), sources=(source,))
    return answer_slices(source, slices, predictor.predict(slices))


def _is_zip(path: Path) -> bool:
    """Whether a file is a zip of files. One that cannot be opened is none here: who reads it says why."""
    try:
        with path.open("rb") as file:
            return is_archive(file.read(_HEAD_BYTES))
    except OSError:
        return False
