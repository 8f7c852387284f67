"""Many texts in little memory: a million file names as Python objects take as much as all the rest of an import."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np

_ERRORS = "surrogateescape"  # names of files may be any bytes


class Texts(Sequence[str]):
    """Texts one behind the other in one buffer, eight bytes each beside their own."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._bytes = bytearray()
        self._ends = array("q", [0])
        for text in texts:
            self.append(text)

    def append(self, text: str) -> None:
        self._bytes += text.encode(errors=_ERRORS)
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(f"text {place} of {len(self):,}")
        return self._bytes[self._ends[place] : self._ends[place + 1]].decode(errors=_ERRORS)

    def __iter__(self) -> Iterator[str]:
        return (self[place] for place in range(len(self)))


class Lookup:
    """Where texts stand in a long list of them: twelve bytes each, and none of the texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        keys = np.fromiter(map(hash, texts), np.int64)
        order = np.argsort(keys, kind="stable").astype(np.int32)
        self._keys, self._order = keys[order].data, order.data

    def places(self, text: str) -> Iterator[int]:
        """Places, ascending, where the text may stand: another one of the same hash may too, so compare."""
        key = hash(text)
        at = bisect_left(self._keys, key)
        while at < len(self._keys) and self._keys[at] == key:
            yield self._order[at]
            at += 1


def printable(text: str) -> str:
    """A text that any encoding writes: bytes of a file's name that are no text become question marks."""
    return text.encode(errors="replace").decode()
