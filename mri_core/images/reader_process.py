"""A process that reads strangers' files: bytes in, slices or the files of a zip out, and little it could do beside.

All libraries are loaded before anything is given up, because a user without a home cannot load them later. Then it
forks one that answers requests, and another after some files, whatever the first has kept; that takes milliseconds,
where loading takes a second. So it goes on until its parent closes the pipe, or a file ends the one that reads it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any, BinaryIO

import numpy as np

from mri_core.errors import ImageError
from mri_core.images import Preprocessing, read_slices
from mri_core.images.archive import unpack
from mri_core.images.confine import allow_time, confine
from mri_core.images.framing import receive, receive_header, send
from mri_core.images.limits import LIMITS, refuse
from mri_core.images.slice import Slice

Message = tuple[dict[str, Any], list[bytes | memoryview]]

FILES_A_READER = 100
"""After so many the one that reads is replaced."""
_NEXT = 3  # exit status of one that has read as many


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    _load()
    send(answers, {"no_network": confine()})
    ended = _NEXT
    while ended == _NEXT:
        reader = os.fork()
        if reader == 0:
            os._exit(_serve(answers))
        ended = os.waitstatus_to_exitcode(os.waitpid(reader, 0)[1])


def _serve(answers: BinaryIO) -> int:
    """Answer requests. Returns the exit status: _NEXT after FILES_A_READER of them, 0 when there are no more."""
    for _ in range(FILES_A_READER):
        try:
            request = receive_header(sys.stdin.buffer)
            data = receive(sys.stdin.buffer, request["bytes"])
        except EOFError:
            return 0
        allow_time()
        try:
            for header, parts in _answer(request, data):
                send(answers, header, parts)
        except ImageError as error:
            send(answers, {"error": str(error)})
        except MemoryError:
            too_large = refuse(request["name"], "reading it takes too much memory", LIMITS.most("memory_mb"))
            send(answers, {"error": str(too_large)})
    return _NEXT


def _answer(request: dict[str, Any], data: bytes) -> Iterator[Message]:
    """One message with all slices, or one for each file of a zip and an empty one behind."""
    if "preprocessing" in request:
        slices = read_slices(data, request["name"], Preprocessing(**request["preprocessing"]))
        yield {"slices": [_told(one) for one in slices]}, [np.ascontiguousarray(one.pixels).data for one in slices]
        return
    for path, contents in unpack(data, request["name"], held=True):
        yield {"path": path, "bytes": len(contents)}, [contents]
    yield {}, []


def _told(one: Slice) -> dict[str, Any]:
    return {
        "shape": one.pixels.shape,
        "source": one.source,
        "patient": one.patient,
        "position": one.position,
        "series": one.series,
        "instance": one.instance,
        "burned_in": one.burned_in,
    }


def _load() -> None:
    from PIL import Image

    for name in ("gzip", "nibabel", "pydicom.pixels", "pydicom.encoders", "zipfile"):
        import_module(name)
    Image.init()
    Image.MAX_IMAGE_PIXELS = LIMITS.slice_pixels  # also for what pydicom hands to Pillow


if __name__ == "__main__":
    main()
