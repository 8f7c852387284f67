"""A process that reads strangers' files: bytes in, slices out, and little that it could do beside.

It answers one request after another until its parent closes the pipe. All libraries are loaded before anything is
given up, because a user without a home cannot load them later.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from mri_core.errors import ImageError
from mri_core.images import Preprocessing, read_slices
from mri_core.images.confine import MEMORY_BYTES, allow_time, confine
from mri_core.images.framing import receive, receive_header, send
from mri_core.images.limits import base_name
from mri_core.images.slice import Slice


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    _load()
    send(answers, {"no_network": confine()})
    while True:
        try:
            request = receive_header(sys.stdin.buffer)
            data = receive(sys.stdin.buffer, request["bytes"])
        except EOFError:
            return
        allow_time()
        header, slices = _read(data, request["name"], Preprocessing(**request["preprocessing"]))
        send(answers, header, [slice_.pixels.tobytes() for slice_ in slices])


def _read(data: bytes, name: str, preprocessing: Preprocessing) -> tuple[dict[str, Any], list[Slice]]:
    try:
        slices = read_slices(data, name, preprocessing)
    except ImageError as error:
        return {"error": str(error)}, []
    except MemoryError:
        return {
            "error": f"{base_name(name)}: reading it takes more than {MEMORY_BYTES // 2**20:,} MB; expected less"
        }, []
    told = [
        {"shape": one.pixels.shape, "source": one.source, "patient": one.patient, "position": one.position}
        for one in slices
    ]
    return {"slices": told}, slices


def _load() -> None:
    from PIL import Image

    for name in ("gzip", "nibabel", "pydicom.pixels"):
        import_module(name)
    Image.init()


if __name__ == "__main__":
    main()
