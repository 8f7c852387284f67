"""A document's text on disk."""

from __future__ import annotations

from pathlib import Path

from mri_core.replacing import replacing


def write_file(path: Path, text: str) -> None:
    """Write text as UTF-8, replacing what was there in one step. Raises StorageError when the disk refuses."""
    with replacing(path, "choose another place") as file:
        file.write(text.encode())
