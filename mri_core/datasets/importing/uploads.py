"""What is uploaded to be imported, kept in the home under names of ours until it has been."""

from __future__ import annotations

import shutil
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from mri_core.datasets.importing.table import SUFFIXES
from mri_core.datasets.importing.zipped import unpacked
from mri_core.errors import InvalidInput, MriError, StorageError
from mri_core.settings import Settings, make_folder

SLICES = (".zip", ".npz", ".npy")
TABLES = tuple(sorted(SUFFIXES))
KEPT_SECONDS = 24 * 3600
"""How long an upload is kept after it came."""

_BLOCK = 2**20


def keep_upload(settings: Settings, data: BinaryIO, name: str) -> Path:
    """Store an uploaded file, unpacked if it is a zip, and clear away what was uploaded long ago. Returns its place.

    name: what its sender calls it, of which the suffix alone is used. Raises InvalidInput for a kind that is not
    expected or a zip as `unpacked` refuses it, StorageError when the disk refuses.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in (*SLICES, *TABLES):
        raise InvalidInput(f"the file ends in {suffix!r}; expected one of {', '.join((*SLICES, *TABLES))}")
    _clear_old(settings)
    folder = make_folder(settings.root / "uploads" / uuid.uuid4().hex)
    kept = folder / f"upload{suffix}"
    try:
        with kept.open("wb") as file:
            shutil.copyfileobj(data, file, _BLOCK)
        if suffix != ".zip":
            return kept
        with unpacked(kept) as inside:
            place = folder / f"slices{inside.suffix if inside.is_file() else ''}"
            shutil.move(inside, place)
        kept.unlink()
        return place
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise StorageError(f"cannot keep the upload in {folder.parent}: {error.strerror}; make room") from error
    except MriError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _clear_old(settings: Settings) -> None:
    for folder in (settings.root / "uploads").glob("*"):
        with suppress(FileNotFoundError):  # another session clears away too
            if time.time() - folder.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
