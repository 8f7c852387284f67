"""Checkpoints of a fit: all that its next step follows from, in files that a crash at any instant leaves readable.

A checkpoint is the digest of an NPZ file and that file, under the number of steps that had been taken. Nothing is taken
from one before its digest is found right: a zip of which the directory is damaged reads well, and lacks members. It is
written beside and renamed, and the one before it is kept: where the newest is damaged, the fit goes on from the older.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedRandom, BufferedReader
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from mri_core.replacing import replacing_path
from mri_core.settings import make_folder

FOLDER = "checkpoints"
EVERY_SECONDS = 60.0
"""Within an epoch a checkpoint is written this often; at the end of an epoch always."""
KEPT = 2

_SUFFIX = ".checkpoint"
_HASH = hashlib.blake2b  # as fast as SHA-256 where the processor has instructions for that, faster elsewhere
_DIGEST_BYTES = _HASH().digest_size

# A disk that does not read, a digest that is wrong, and contents that no version of this module has written.
_UNREADABLE = (OSError, BadZipFile, ValueError, KeyError, TypeError)


@dataclass(frozen=True)
class Checkpoint:
    """Where a fit stands.

    epoch: under way, from 1. step: steps taken in it. taken: steps taken in all.
    seconds: trained in all, over every attempt. epoch_seconds: in this epoch.
    history: rows of the epochs that are over. best_epoch, best_loss, best_weights: of the lowest validation loss.
    variables: the trainer's state, in its order: weights, what the optimizer remembers, sums of the epoch under way.
    """

    epoch: int = 1
    step: int = 0
    taken: int = 0
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    history: tuple[dict[str, Any], ...] = ()
    best_epoch: int | None = None
    best_loss: float = np.inf
    best_weights: tuple[np.ndarray, ...] = ()
    variables: tuple[np.ndarray, ...] = ()


def newest_checkpoint(run_folder: Path) -> Checkpoint:
    """The newest checkpoint of a run that can be read whole; the beginning where there is none."""
    for path in _files(run_folder):
        try:
            return _read(path)
        except _UNREADABLE:
            continue
    return Checkpoint()


def remove_checkpoints(run_folder: Path) -> None:
    """Of a run that needs none any more."""
    shutil.rmtree(run_folder / FOLDER, ignore_errors=True)


class CheckpointWriter:
    """Writes checkpoints while the fit goes on, one at a time. Use it as a context manager: it ends with all written.

    allowed: asked before a file is written and before it takes its name; raises where the run has gone on without this
    process.
    Errors of a write, StorageError among them, come out of the next `write` or the end.
    """

    def __init__(self, run_folder: Path, allowed: Callable[[], None] = lambda: None) -> None:
        self._run_folder, self._allowed = run_folder, allowed
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._under_way: Future[None] | None = None
        self._cleared = False

    def __enter__(self) -> CheckpointWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=True)
        self._settle()

    def write(self, checkpoint: Checkpoint) -> None:
        """Begin to write; waits for the write before."""
        self._settle()
        self._under_way = self._thread.submit(self._write, checkpoint)

    def _settle(self) -> None:
        if self._under_way is not None:
            self._under_way.result()
            self._under_way = None

    def _write(self, checkpoint: Checkpoint) -> None:
        self._allowed()
        folder = make_folder(self._run_folder / FOLDER)
        numbers = {name: getattr(checkpoint, name) for name in _NUMBERS} | {"history": checkpoint.history}
        path = folder / f"{checkpoint.taken:012d}{_SUFFIX}"
        with replacing_path(path, "free space, then resume the run") as beside, beside.open("w+b") as file:
            file.write(bytes(_DIGEST_BYTES))
            np.savez(
                file,
                allow_pickle=False,
                numbers=np.frombuffer(json.dumps(numbers).encode(), np.uint8),
                **{f"variable {place}": values for place, values in enumerate(checkpoint.variables)},
                **{f"best {place}": values for place, values in enumerate(checkpoint.best_weights)},
            )
            digest = _digest(file)
            file.seek(0)
            file.write(digest)
            self._allowed()
        self._cleared = self._cleared or self._clear(path)
        if self._cleared:
            for old in _files(self._run_folder)[KEPT:]:
                _remove(old)

    def _clear(self, written: Path) -> bool:
        """Remove what the fit was not able to go on from: its number may be higher, it would be kept in place of a good
        one. Only once there is a new one, so that what could not be read just now is never all that there was.

        Returns whether all that is left is whole."""
        damaged = [path for path in _files(self._run_folder) if path != written and not _whole(path)]
        return sum(map(_remove, damaged)) == len(damaged)


def _remove(path: Path) -> bool:
    with suppress(OSError):  # what stays takes room, and harms nothing
        path.unlink()
        return True
    return False


_NUMBERS = ("epoch", "step", "taken", "seconds", "epoch_seconds", "best_epoch", "best_loss")


def _files(run_folder: Path) -> list[Path]:
    """The newest first. What a killed writer left beside begins with a dot and is none."""
    return sorted((run_folder / FOLDER).glob(f"[0-9]*{_SUFFIX}"), reverse=True)


def _digest(file: BufferedReader | BufferedRandom) -> bytes:
    """Of what stands after the place of the digest."""
    file.seek(_DIGEST_BYTES)
    return hashlib.file_digest(file, _HASH).digest()


def _check(file: BufferedReader) -> None:
    """Raises ValueError where the digest is not that of what follows it."""
    if file.read(_DIGEST_BYTES) != _digest(file):
        raise ValueError("the checkpoint is damaged")


def _whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            _check(file)
    except (OSError, ValueError):
        return False
    return True


def _read(path: Path) -> Checkpoint:
    with path.open("rb") as file:
        _check(file)
        file.seek(_DIGEST_BYTES)
        return _contents(file)


def _contents(file: BufferedReader) -> Checkpoint:
    with np.load(file, allow_pickle=False) as arrays:
        numbers = json.loads(arrays["numbers"].tobytes())
        history = tuple(numbers.pop("history"))
        best, variables = (
            tuple(
                arrays[f"{kind} {place}"] for place in range(sum(name.startswith(f"{kind} ") for name in arrays.files))
            )
            for kind in ("best", "variable")
        )
    return Checkpoint(**numbers, history=history, best_weights=best, variables=variables)
