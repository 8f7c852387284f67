"""The files of a folder, and which of them a cell of a table means."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mri_core.images import READERS

_SUFFIXES = tuple(sorted(READERS, key=len, reverse=True))


def walk(root: Path) -> Iterator[str]:
    """Files under `root`, as paths from it with '/', in order; hidden ones left out.

    Links to folders are not followed, so that no loop of them and nothing outside is walked.
    """
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        inside = Path(folder).relative_to(root).as_posix()
        for name in sorted(files):
            if not name.startswith("."):
                yield name if inside == "." else f"{inside}/{name}"


def image_suffix(file: str) -> str | None:
    """The suffix of an image format, as it is in READERS, or None."""
    lower = file.lower()
    return next((suffix for suffix in _SUFFIXES if lower.endswith(suffix)), None)


def stem(file: str) -> str:
    """A path without the suffix of an image format."""
    suffix = image_suffix(file)
    return file[: -len(suffix)] if suffix else file


@dataclass(frozen=True)
class Files:
    """Files that cells may mean: by path from the root or by name alone, each with or without its suffix."""

    root: Path
    paths: tuple[str, ...]

    @cached_property
    def _exact(self) -> set[str]:
        return set(self.paths)

    @cached_property
    def _loose(self) -> dict[str, str | None]:
        """Other ways to write a path; None where several files could be meant."""
        found: dict[str, str | None] = {}
        for path in self.paths:
            name = posixpath.basename(path)
            for key in {stem(path), name, stem(name)} - {path}:
                found[key] = None if key in found else path
        return found

    def find(self, cell: str) -> tuple[str | None, str]:
        """The file that a cell means, else None and why there is none."""
        key = posixpath.normpath(cell.replace("\\", "/"))
        base = self.root.as_posix() + "/"
        key = key.removeprefix(base)
        if key.startswith(("/", "../")) or key == ".." or key[1:2] == ":":
            return None, f"{cell} lies outside of {self.root.name}; expected files under it"
        if key in self._exact:
            return self._inside(key, cell)
        if key not in self._loose:
            return None, f"{cell}: there is no such file"
        file = self._loose[key]
        if file is None:
            return None, f"{cell} could mean several files; expected the path from {self.root.name}"
        return self._inside(file, cell)

    def _inside(self, file: str, cell: str) -> tuple[str | None, str]:
        """A link among the files may lead out of the folder."""
        path = self.root / file
        if path.is_symlink() and not path.resolve().is_relative_to(self.root):
            return None, f"{cell} lies outside of {self.root.name}; expected files under it"
        return file, ""


def list_files(root: Path) -> Files:
    root = root.resolve()
    return Files(root, tuple(walk(root)))
