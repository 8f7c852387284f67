"""A long list of what is not in a data set: a folder may hold a million files that no row names."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from mri_core.datasets.importing.plan import LeftOut
from mri_core.datasets.importing.texts import printable

_BLOCK = 4096


class Listing(Sequence[LeftOut]):
    """Entries in order, packed a block at a time to some twenty bytes each. counts: how many for each reason."""

    def __init__(self, entries: Iterable[LeftOut] = ()) -> None:
        self.counts: Counter[str] = Counter()
        self._blocks: list[bytes] = []
        self._open: list[LeftOut] = []
        self._unpacked: tuple[int, list[LeftOut]] = (-1, [])
        self.extend(entries)

    def append(self, one: LeftOut) -> None:
        self.counts[one.reason] += 1
        self._open.append(LeftOut(printable(one.what), one.reason, printable(one.why)))
        if len(self._open) == _BLOCK:
            entries = [(entry.what, entry.reason, entry.why) for entry in self._open]
            self._blocks.append(zlib.compress(json.dumps(entries).encode(), 1))
            self._open = []

    def extend(self, entries: Iterable[LeftOut]) -> None:
        for one in entries:
            self.append(one)

    def __len__(self) -> int:
        return len(self._blocks) * _BLOCK + len(self._open)

    @overload
    def __getitem__(self, place: int) -> LeftOut: ...
    @overload
    def __getitem__(self, place: slice) -> list[LeftOut]: ...
    def __getitem__(self, place: int | slice) -> LeftOut | list[LeftOut]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(f"entry {place} of {len(self):,}")
        block, inside = divmod(place % len(self), _BLOCK)
        return self._block(block)[inside]

    def __iter__(self) -> Iterator[LeftOut]:
        for block in range(len(self._blocks) + 1):
            yield from self._block(block)

    def _block(self, number: int) -> list[LeftOut]:
        if number == len(self._blocks):
            return self._open
        if self._unpacked[0] != number:
            entries = json.loads(zlib.decompress(self._blocks[number]))
            self._unpacked = number, [LeftOut(*entry) for entry in entries]
        return self._unpacked[1]
