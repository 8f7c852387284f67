"""Uploaded files and the batches over them, kept in memory for a while and never on disk.

A page that is left and opened again finds its upload by the upload's name, which only its contents give away.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mri_core.images.apart import unpack_apart
from mri_core.images.archive import is_archive
from mri_core.images.limits import LIMITS, MB, one_line
from mri_core.prediction.answers import FileAnswer
from mri_core.prediction.batch import Named
from mri_core.prediction.batch_job import BatchJob
from mri_core.prediction.original import Origin
from mri_core.prediction.predictor import Predictor

MOST_UPLOADS = 8


@dataclass(frozen=True, eq=False)
class Upload:
    """Files that were dropped together. id: 32 hex digits of a SHA-256 of their names and contents."""

    id: str
    files: tuple[Named, ...]

    @property
    def size(self) -> int:
        return sum(len(data) for _, data in self.files)

    @property
    def single(self) -> bool:
        """Whether it is one file, and no zip of several."""
        return len(self.files) == 1 and not is_archive(self.files[0][1])


def make_upload(files: Sequence[Named]) -> Upload:
    digest = hashlib.sha256()
    for name, data in files:
        digest.update(f"{len(name)} {len(data)} {name}".encode(errors="surrogatepass"))
        digest.update(data)
    return Upload(digest.hexdigest()[:32], tuple((one_line(name), data) for name, data in files))


def origins_of(upload: Upload, answer: FileAnswer) -> list[Origin]:
    """Where each slice of an answer comes from. A zip is unpacked again for it. Raises ImageError."""
    unpacked: dict[int, list[Named]] = {}

    def contents(place: tuple[int, ...]) -> bytes:
        name, data = upload.files[place[0]]
        if len(place) == 1:
            return data
        if place[0] not in unpacked:
            unpacked[place[0]] = unpack_apart(data, name)
        return unpacked[place[0]][place[1]][1]

    files = [(source.name, contents(source.place)) for source in answer.sources]
    if len(files) > 1:
        return [Origin(name, data) for name, data in files]
    [(name, data)] = files
    return [Origin(name, data, number) for number in range(len(answer.predictions))]


@dataclass(eq=False)
class _Kept:
    upload: Upload
    jobs: dict[str, BatchJob] = field(default_factory=dict)


class Desk:
    """The last few uploads of all sessions: at most MOST_UPLOADS, and besides the newest no more than one zip may hold.

    An upload that makes way takes its batches with it.
    """

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def keep(self, upload: Upload) -> Upload:
        """Keep an upload, or the same one that is kept already, which counts as new again."""
        with self._lock:
            kept = self._kept.pop(upload.id, None) or _Kept(upload)
            self._kept[upload.id] = kept
            self._make_way()
            return kept.upload

    def upload(self, upload_id: str) -> Upload | None:
        with self._lock:
            kept = self._kept.get(upload_id)
            return kept.upload if kept else None

    def job(self, upload: Upload, model: str, load: Callable[[], Predictor]) -> BatchJob:
        """The batch of an upload and a model, begun where there is none. model: says which one, and its version."""
        predictor = load()
        with self._lock:
            kept = self._kept.setdefault(upload.id, _Kept(upload))
            if model not in kept.jobs:
                kept.jobs[model] = BatchJob(predictor, upload.files)
            return kept.jobs[model]

    def forget_job(self, upload: Upload, model: str) -> None:
        """Have the batch begin again when it is asked for the next time."""
        with self._lock:
            kept = self._kept.get(upload.id)
            job = kept.jobs.pop(model, None) if kept else None
        if job:
            job.cancel()

    def _make_way(self) -> None:
        held = list(self._kept)
        room = LIMITS.inflated_mb * MB
        for number, name in enumerate(reversed(held)):
            room -= self._kept[name].upload.size
            if number and (number >= MOST_UPLOADS or room < 0):
                for job in self._kept.pop(name).jobs.values():
                    job.cancel()
