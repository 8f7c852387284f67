"""The files of a folder, and which of them a cell of a table means."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path

from mri_core.datasets.importing.texts import Lookup, Texts
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
    return next((suffix for suffix in _SUFFIXES if lower.endswith(suffix)), None) if lower.endswith(_SUFFIXES) else None


def stem(file: str) -> str:
    """A path without the suffix of an image format."""
    suffix = image_suffix(file)
    return file[: -len(suffix)] if suffix else file


def leads_out(root: Path, file: str) -> bool:
    """Whether a file is a link to somewhere outside of the root. A link that leads in a circle is not."""
    path = root / file
    return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root)


class Files:
    """Files that cells may mean: by path from the root or by name alone, each with or without its suffix."""

    def __init__(self, root: Path, paths: Iterable[str]) -> None:
        self.root = root
        self.paths = paths if isinstance(paths, Texts) else Texts(paths)

    def __len__(self) -> int:
        return len(self.paths)

    def find(self, cell: str) -> int | str:
        """The place in `paths` of the file that a cell means, else why there is none."""
        key = posixpath.normpath(cell.replace("\\", "/"))
        key = key.removeprefix(self.root.as_posix() + "/")
        if key.startswith(("/", "../")) or key == ".." or key[1:2] == ":":
            return self._outside(cell)
        bare = _bare(key)
        same = [place for place in self._by_path.places(bare) if self.paths[place] == key]
        if not same:
            alike = (self._by_path if "/" in key else self._by_name).places(bare)
            same = list(islice((place for place in alike if _means(key, self.paths[place])), 2))
        if not same:
            return f"{cell}: there is no such file"
        if len(same) > 1:
            return f"{cell} could mean several files; expected the path from {self.root.name}"
        return self._outside(cell) if leads_out(self.root, self.paths[same[0]]) else same[0]

    def _outside(self, cell: str) -> str:
        return f"{cell} lies outside of {self.root.name}; expected files under it"

    @cached_property
    def _by_path(self) -> Lookup:
        return Lookup(map(_bare, self.paths))

    @cached_property
    def _by_name(self) -> Lookup:
        return Lookup(_bare(posixpath.basename(path)) for path in self.paths)


def _bare(path: str) -> str:
    """A path without any suffix of an image format: what all ways to write it have in common."""
    while (shorter := stem(path)) != path:
        path = shorter
    return path


def _means(cell: str, path: str) -> bool:
    name = posixpath.basename(path)
    return cell in (stem(path), name, stem(name))


def list_files(root: Path) -> Files:
    root = root.resolve()
    return Files(root, walk(root))
