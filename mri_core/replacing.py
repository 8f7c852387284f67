"""Files that are replaced in one step: whoever reads one finds the old contents or the new, and nothing between."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from mri_core.errors import StorageError


@contextmanager
def replacing(path: Path, advice: str = "free or allow space there") -> Iterator[BinaryIO]:
    """A file to write into, which takes the place of `path` when the block ends and leaves nothing when it raises.

    advice: the end of the message when the disk refuses, which raises StorageError.
    """
    with replacing_path(path, advice) as beside, beside.open("wb") as file:
        yield file


@contextmanager
def replacing_path(path: Path, advice: str = "free or allow space there") -> Iterator[Path]:
    """The same for what writes to a path, with the suffix of `path`, and not into a file."""
    beside = path.with_name(f".{uuid4().hex}.{path.name}")
    try:
        yield beside
        _flush(beside)
        beside.replace(path)
        _flush(path.parent)  # a new name is on the disk only once its folder is
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}; {advice}") from error
    finally:
        beside.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
