"""What a reading process answers, which is believed no more than the file was."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from mri_core.errors import ImageError
from mri_core.images.framing import receive, receive_header
from mri_core.images.limits import LIMITS, one_line
from mri_core.images.slice import Slice

_NOT_ITSELF = (LookupError, TypeError, ValueError, OverflowError, AttributeError)


def told_slices(stream: BinaryIO) -> list[Slice]:
    """The slices of a file. Raises ImageError where the process refuses the file, EOFError for what is no answer."""
    header = receive_header(stream)
    _raise_error(header)
    try:
        shapes = [_shape(one) for one in header["slices"]]
        if not 0 < len(shapes) <= LIMITS.slices:
            raise ValueError("no slices, or too many")
        if sum(height * width for height, width, *_ in shapes) > LIMITS.file_pixels:
            raise ValueError("too many pixels")
        return [
            _slice(one, np.frombuffer(receive(stream, int(np.prod(shape))), np.uint8).reshape(shape))
            for one, shape in zip(header["slices"], shapes, strict=True)
        ]
    except _NOT_ITSELF as error:
        raise EOFError("the other process sends no slices") from error


def told_members(stream: BinaryIO, room: int) -> list[tuple[str, bytes]]:
    """The files in a zip, by path: a message each, and one more. room: bytes of all. Raises as `told_slices`."""
    members: list[tuple[str, bytes]] = []
    try:
        while "path" in (header := receive_header(stream)):
            length = int(header["bytes"])
            if not 0 <= length <= room or len(members) >= LIMITS.files:
                raise ValueError("too many bytes or files")
            room -= length
            members.append((one_line(str(header["path"])), receive(stream, length)))
    except _NOT_ITSELF as error:
        raise EOFError("the other process sends no files") from error
    _raise_error(header)
    if header or not members:
        raise EOFError("the other process sends no files")
    return members


def _raise_error(header: dict[str, Any]) -> None:
    if "error" in header:
        raise ImageError(" ".join(str(header["error"]).split()))


def _shape(told: Any) -> tuple[int, ...]:
    shape = tuple(int(side) for side in told["shape"])
    if len(shape) not in (2, 3) or shape[2:] not in ((), (3,)) or min(shape) < 1:
        raise ValueError("not the shape of a slice")
    return shape


def _slice(told: Any, pixels: np.ndarray) -> Slice:
    patient, position, series, instance = (told[key] for key in ("patient", "position", "series", "instance"))
    return Slice(
        pixels,
        str(told["source"]),
        None if patient is None else one_line(str(patient)),
        None if position is None else float(position),
        None if series is None else one_line(str(series)),
        None if instance is None else int(instance),
        told["burned_in"] is True,
    )
