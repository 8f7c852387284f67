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
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}; {advice}") from error
    finally:
        beside.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """A new name is on the disk only once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
