"""Many files at once: read in the confined children, predicted in passes of many slices, each series one volume.

Two threads take passes of files in turn. A child decodes while the other thread's slices are with the model, and no
more slices are held at full size than a pass has.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from posixpath import commonpath

from mri_core.errors import ImageError
from mri_core.images.apart import CHILDREN, read_apart, unpack_apart
from mri_core.images.archive import is_archive
from mri_core.images.limits import one_line
from mri_core.images.slice import Slice
from mri_core.prediction.answers import FileAnswer, Source, answer_slices
from mri_core.prediction.predictor import Predictor

FILES_A_PASS = 32
PIXELS_A_PASS = 2**22
"""Pixels at full size after which a pass is predicted before it reads on: 16 slices of 512 x 512."""

Named = tuple[str, bytes]
"""A file: its name, which may be a path inside a folder, and its contents."""


@dataclass(frozen=True)
class Answered:
    """Answers that have become known.

    share: of the whole work, in [0, 1]. more: files found in the zips that are begun here, each counted as one before.
    """

    answers: tuple[FileAnswer, ...]
    share: float
    more: int


@dataclass(frozen=True)
class _Item:
    """A file to be answered, with its share of the work, or a zip with the reason why nothing in it can be."""

    source: Source
    data: bytes
    share: float
    more: int = 0
    error: str | None = None


def answer_many(
    predictor: Predictor, files: Sequence[Named], cancelled: Callable[[], bool] = lambda: False
) -> Iterator[Answered]:
    """What a model says of strangers' files and of the files in their zips, in order, as it becomes known.

    A file or a zip that cannot be read is an answer too. cancelled: asked before each file; once it says so, what has
    been read is still answered and nothing more is read. `merge_series` makes volumes of all answers together.
    """
    passes: deque[Future[Answered]] = deque()
    items = _items(files)
    with ThreadPoolExecutor(CHILDREN, "answering") as pool:
        while not cancelled() and (some := list(islice(items, FILES_A_PASS))):
            passes.append(pool.submit(_answer_pass, predictor, some, cancelled))
            if len(passes) > CHILDREN:
                yield passes.popleft().result()
        while passes:
            yield passes.popleft().result()


def merge_series(answers: Sequence[FileAnswer]) -> list[FileAnswer]:
    """The files of each DICOM series as one answer, at the place of the first: its slices by position, then instance.

    Files with several slices are volumes of their own, and a series of a single file stays that file.
    """
    series: dict[str, list[FileAnswer]] = defaultdict(list)
    for answer in answers:
        if answer.series is not None:
            series[answer.series].append(answer)
    merged = []
    for answer in answers:
        files = series.get(answer.series or "", [answer])
        if answer is files[0]:
            merged.append(_volume(files) if len(files) > 1 else answer)
    return merged


def _volume(files: Sequence[FileAnswer]) -> FileAnswer:
    def place(one: FileAnswer) -> tuple[bool, float, int]:
        position = one.predictions[0].position
        return position is None, position or 0.0, one.instance or 0

    ordered = sorted(files, key=place)
    folders = [one.file.rpartition("/")[0] for one in files]
    folder = commonpath(folders) if len({one.startswith("/") for one in folders}) == 1 else ""
    kind = f"series {files[0].series}, {len(files):,} files"
    return FileAnswer(
        file=f"{folder} ({kind})" if folder else kind,
        predictions=tuple(one.predictions[0] for one in ordered),
        series=files[0].series,
        sources=tuple(one.sources[0] for one in ordered),
    )


def _items(files: Sequence[Named]) -> Iterator[_Item]:
    """All files, those in zips too. Of the work each has the share that it has of the bytes."""
    every = sum(len(data) + 1 for _, data in files)
    for place, (name, data) in enumerate(files):
        whole = _Item(Source(one_line(name), (place,)), data, (len(data) + 1) / every)
        if not is_archive(data):
            yield whole
            continue
        try:
            members = unpack_apart(data, name)
        except ImageError as error:
            yield replace(whole, error=str(error))
            continue
        within = f"{one_line(name)}/" if len(files) > 1 else ""
        inflated = sum(len(contents) + 1 for _, contents in members)
        for number, (path, contents) in enumerate(members):
            source = Source(f"{within}{path}", (place, number))
            share = whole.share * (len(contents) + 1) / inflated
            yield _Item(source, contents, share, more=0 if number else len(members) - 1)


def _answer_pass(predictor: Predictor, items: Sequence[_Item], cancelled: Callable[[], bool]) -> Answered:
    answers: list[FileAnswer] = []
    read: list[tuple[_Item, list[Slice] | str]] = []
    share, more, pixels = 0.0, 0, 0
    for item in items:
        if cancelled():
            break
        found = _read(predictor, item)
        read.append((item, found))
        share, more = share + item.share, more + item.more
        pixels += sum(one.pixels.size for one in found if isinstance(one, Slice))
        if pixels >= PIXELS_A_PASS:
            answers += _predicted(predictor, read)
            read, pixels = [], 0
    answers += _predicted(predictor, read)
    return Answered(tuple(answers), share, more)


def _read(predictor: Predictor, item: _Item) -> list[Slice] | str:
    """The slices of a file, or why there are none."""
    if item.error is not None:
        return item.error
    try:
        return read_apart(item.data, item.source.name, predictor.description.preprocessing)
    except ImageError as error:
        return str(error)


def _predicted(predictor: Predictor, read: Sequence[tuple[_Item, list[Slice] | str]]) -> list[FileAnswer]:
    """An answer a file, from one pass of all their slices through the model."""
    slices = [one for _, found in read if isinstance(found, list) for one in found]
    predictions = iter(predictor.predict(slices) if slices else [])
    answers = []
    for item, found in read:
        if isinstance(found, str):
            answers.append(FileAnswer(item.source.name, error=found, sources=(item.source,)))
        else:
            answers.append(answer_slices(item.source, found, list(islice(predictions, len(found)))))
    return answers
