"""A document's text on disk."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

from mri_core.errors import StorageError


def write_file(path: Path, text: str) -> None:
    """Write text as UTF-8, replacing what was there in one step. Raises StorageError when the disk refuses."""
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with beside.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}; choose another place") from error
    finally:
        beside.unlink(missing_ok=True)
