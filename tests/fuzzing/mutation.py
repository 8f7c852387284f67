"""How an input is made of others: the changes by which files are damaged or lie."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

from tests.fuzzing.formats import LARGEST, Format

_WHOLE = {1: (0, 1, 0x7F, 0x80, 0xFF), 2: (0, 1, 0x7FFF, 0x8000, 0xFFFF), 4: (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF),
          8: (0, 1, 2**63 - 1, 2**63, 2**64 - 1)}  # fmt: skip
_REAL = tuple(
    struct.pack(code, value)
    for code in ("<f", ">f", "<d", ">d")
    for value in (0.0, -0.0, float("nan"), float("inf"), -float("inf"), 1e-38, 3e38)
)
_DIGITS = frozenset(b"0123456789")


def mutated(rng: random.Random, pool: Sequence[bytes], whole: int, kind: Format) -> bytes:
    """One of the pool after one change or several, of the file itself or within what it packs.

    whole: how many of the pool, its first, are the corpus; half of the inputs come from there, since most others are
    broken already.
    """
    data = rng.choice(pool if rng.random() < 0.5 else pool[:whole])
    for _ in range(1 + int(rng.expovariate(0.7))):
        change = rng.choice(CHANGES)

        def changed(some: bytes, change: Change = change) -> bytes:
            return bytes(change(rng, bytearray(some), pool))

        if kind.within is not None and rng.random() < 0.5:
            data = kind.within(data, changed, rng.randrange)
        else:
            data = changed(data)
    return data[:LARGEST]


Change = Callable[[random.Random, bytearray, Sequence[bytes]], bytearray]


def flip_bits(rng: random.Random, data: bytearray, _pool: Sequence[bytes]) -> bytearray:
    for _ in range(rng.choice((1, 1, 2, 8)) if data else 0):
        data[_place(rng, data)] ^= 1 << rng.randrange(8)
    return data


def set_byte(rng: random.Random, data: bytearray, _pool: Sequence[bytes]) -> bytearray:
    if data:
        data[_place(rng, data)] = rng.randrange(256)
    return data


def set_extreme(rng: random.Random, data: bytearray, _pool: Sequence[bytes]) -> bytearray:
    """A whole number of some size at its limits, or a real number that is none."""
    width = rng.choice((1, 2, 4, 8))
    value = rng.choice(_WHOLE[width]).to_bytes(width, rng.choice(("little", "big")))
    return _put(rng, data, rng.choice(_REAL) if rng.random() < 0.15 else value)


def change_number(rng: random.Random, data: bytearray, _pool: Sequence[bytes]) -> bytearray:
    """A size or length of some width, a little more or less, or many times as much."""
    width = rng.choice((1, 2, 2, 4, 4, 8))
    if len(data) < width:
        return data
    place = min(_place(rng, data), len(data) - width)
    order = rng.choice(("little", "big"))
    value = int.from_bytes(data[place : place + width], order)
    value = rng.choice((value + 1, value - 1, value + rng.randrange(64), value * 2, value // 2, value << 8, len(data)))
    data[place : place + width] = (value % 256**width).to_bytes(width, order)
    return data


def change_digits(rng: random.Random, data: bytearray, _pool: Sequence[bytes]) -> bytearray:
    """A number that is written out, as in the headers of NumPy and in DICOM's texts."""
    places = [place for place, byte in enumerate(data[:1024]) if byte in _DIGITS]
    if places:
        place = rng.choice(places)
        data[place : place + 1] = rng.choice((b"0", b"9", b"-1", b"1e9", b"99999", b"", b"nan", b"7" * 40))
    return data


def splice(rng: random.Random, data: bytearray, pool: Sequence[bytes]) -> bytearray:
    """The beginning of one file and the end of another, or a block of the other in between."""
    other = rng.choice(pool)
    start, end = sorted((rng.randrange(len(other) + 1), rng.randrange(len(other) + 1)))
    place = rng.randrange(len(data) + 1)
    if rng.random() < 0.5:
        return data[:place] + other[min(place, len(other)) :]
    return data[:place] + other[start:end] + data[place + (end - start) * rng.randrange(2) :]


def truncate(rng: random.Random, data: bytearray, _pool: Sequence[bytes]) -> bytearray:
    return data[: rng.randrange(len(data) + 1)]


def repeat(rng: random.Random, data: bytearray, _pool: Sequence[bytes]) -> bytearray:
    """A block twice or many times: a chunk, a segment, an element of a list."""
    start = rng.randrange(len(data) + 1)
    block = data[start : start + rng.choice((4, 8, 12, 16, 64, 256))]
    return data[:start] + block * rng.choice((2, 2, 3, 20)) + data[start + len(block) :]


def cut_out(rng: random.Random, data: bytearray, _pool: Sequence[bytes]) -> bytearray:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.choice((1, 2, 4, 8, 12, 64, 256)) :]


def move(rng: random.Random, data: bytearray, _pool: Sequence[bytes]) -> bytearray:
    """A block written over another place."""
    start = rng.randrange(len(data) + 1)
    return _put(rng, data, bytes(data[start : start + rng.choice((2, 4, 8, 12, 32))]))


def insert(rng: random.Random, data: bytearray, _pool: Sequence[bytes]) -> bytearray:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.randbytes(rng.choice((1, 2, 4, 16))) + data[place:]


CHANGES: tuple[Change, ...] = (
    *(flip_bits, flip_bits, set_byte, set_extreme, set_extreme, change_number, change_number, change_digits),
    *(splice, truncate, repeat, cut_out, move, insert),
)


def _place(rng: random.Random, data: bytearray) -> int:
    """Half of the time in a header, where lengths and kinds are."""
    return rng.randrange(min(len(data), 512) if rng.random() < 0.5 else len(data))


def _put(rng: random.Random, data: bytearray, value: bytes) -> bytearray:
    if data:
        place = _place(rng, data)
        data[place : place + len(value)] = value
    return data
