"""What an import and its decoding processes say to each other: JSON and pixels, checked on receipt and never unpickled.

A request is the places of a block of slices. The answer begins with a byte for each place, written before it is read,
so that the one that ends the process is known; then what became of all of them, and the pixels of those that were read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from mri_core.datasets.importing.array_file import ArrayRow
from mri_core.datasets.importing.places import InFile
from mri_core.datasets.importing.plan import Place
from mri_core.datasets.importing.texts import printable
from mri_core.images.framing import receive, receive_header

PLACES: dict[str, Any] = {kind.__name__: kind for kind in (InFile, ArrayRow)}
"""Kinds of places that a request may name."""
_LONGEST_REASON = 1000


@dataclass(frozen=True)
class Facts:
    """What a file said of a slice beside its pixels.

    size: (height, width) before it was fitted. burned_in: whether the file says that its pixels hold text.
    """

    position: float | None
    patient: str | None
    size: tuple[int, int]
    burned_in: bool = False


Outcome = Facts | str
"""Of a slice, or why there is none."""
Decoded = tuple[np.ndarray, list[Outcome]]
"""Slices that could be read, (n, *image_shape) uint8 in order, and an outcome for every place."""


def told_places(places: Iterable[Place]) -> list[list[Any]]:
    """For JSON: each place's kind and fields. A text is written as its bytes, since a file's name may be any bytes."""
    return [[type(place).__name__, *map(told_field, vars(place).values())] for place in places]


def places_of(told: Iterable[Sequence[Any]]) -> list[Place]:
    return [PLACES[kind](*map(untold_field, fields)) for kind, *fields in told]


def told_outcomes(outcomes: Iterable[Outcome]) -> list[Any]:
    return [
        printable(one) if isinstance(one, str) else [one.position, one.patient, *map(int, one.size), one.burned_in]
        for one in outcomes
    ]


def receive_decoded(stream: BinaryIO, places: int, image_shape: tuple[int, ...]) -> Decoded:
    """What follows the bytes of an answer. Raises EOFError where the other side has gone or sends something else."""
    told = receive_header(stream).get("outcomes")
    if not isinstance(told, list) or len(told) != places:
        raise EOFError("the other process sends no outcomes")
    outcomes = [_outcome(one) for one in told]
    taken = sum(isinstance(one, Facts) for one in outcomes)
    pixels = np.frombuffer(receive(stream, taken * int(np.prod(image_shape))), np.uint8)
    return pixels.reshape(taken, *image_shape), outcomes


def _outcome(told: Any) -> Outcome:
    match told:
        case str():
            return " ".join(told.split())[:_LONGEST_REASON]
        case [float() | int() | None as position, str() | None as patient, int(height), int(width), bool(burned_in)]:
            return Facts(position, patient, (height, width), burned_in)
    raise EOFError("the other process sends no outcomes")


def told_field(field: Any) -> Any:
    """For JSON: a text as its bytes."""
    return os.fsencode(field).decode("latin-1") if isinstance(field, str) else field


def untold_field(field: Any) -> Any:
    return os.fsdecode(field.encode("latin-1")) if isinstance(field, str) else field
