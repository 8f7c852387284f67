"""A zip to import from is unpacked into a temporary folder, once it has been looked at."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import psutil

from mri_core.errors import InvalidInput, StorageError

MOST_MEMBERS = 2_000_000
MOST_INFLATED = 200
"""Times its own size that a zip may inflate to, beside _ALWAYS bytes; images hardly inflate at all."""
_ALWAYS = 2**28
_PREFIX = "mri-import-"
_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".7z", ".rar")


@contextmanager
def unpacked(place: Path) -> Iterator[Path]:
    """The place itself, or the folder that a zip was unpacked into, which is removed at the end.

    Raises InvalidInput for a zip that is damaged, inflates beyond reason, or would write outside of the folder, and
    StorageError when the disk does not hold it.
    """
    if place.suffix.lower() != ".zip" or not place.is_file():
        yield place
        return
    _clear_abandoned()
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as made:
        folder = Path(made)
        try:
            with zipfile.ZipFile(place) as archive:
                _check(archive, place, folder)
                archive.extractall(folder)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
            raise InvalidInput(
                f"{place.name} is damaged or encrypted; expected a complete zip without password"
            ) from error
        except OSError as error:
            raise StorageError(
                f"cannot unpack {place.name} into {tempfile.gettempdir()}: {error.strerror}; make room, or set TMPDIR"
            ) from error
        inside = [path for path in folder.iterdir() if path.name != "__MACOSX" and not path.name.startswith(".")]
        yield inside[0] if len(inside) == 1 and _holds_all(inside[0]) else folder


def _clear_abandoned() -> None:
    """Remove what imports left that were killed: folders here carry the number of their process."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if number.isdecimal() and not psutil.pid_exists(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _holds_all(only: Path) -> bool:
    return only.is_dir() or only.suffix.lower() == ".npz"


def _check(archive: zipfile.ZipFile, place: Path, folder: Path) -> None:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise InvalidInput(f"{place.name} holds {len(members):,} files; expected at most {MOST_MEMBERS:,}")
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if not member.filename or path.is_absolute() or ".." in path.parts or ":" in member.filename[:2]:
            raise InvalidInput(f"{place.name} would write to {member.filename!r}; expected paths inside of it")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise InvalidInput(f"{place.name} holds a link, {member.filename!r}; expected files, packed without links")
        if member.filename.lower().endswith(_ARCHIVES):
            raise InvalidInput(f"{place.name} holds another archive, {member.filename!r}; unpack that one first")
    inflated, packed = sum(member.file_size for member in members), place.stat().st_size
    if inflated > _ALWAYS + MOST_INFLATED * packed:
        raise InvalidInput(f"{place.name} has {packed:,} bytes and inflates to {inflated:,}; that is no set of images")
    if inflated > (free := shutil.disk_usage(folder).free):
        raise StorageError(
            f"{place.name} inflates to {inflated / 1e6:,.0f} MB and {folder.parent} has {free / 1e6:,.0f} MB free; "
            "make room, or set TMPDIR to another disk"
        )
