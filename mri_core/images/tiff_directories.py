"""What the directories of a TIFF file promise, added up before Pillow reads them.

A directory is a list of tags, and a few bytes can make a thousand directories share one list, or a thousand tags the
same megabytes: reading them one after the other takes minutes.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from mri_core.images.limits import LIMITS, refuse

TAGS_A_PAGE = 32
_VALUE_BYTES = np.array([0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8, 0])  # by type, and of unknown ones


def check_directories(data: bytes, name: str) -> None:
    """Raise ImageError for more pages, tags or bytes in tags than the limits and the file allow.

    data: a classic TIFF file or a BigTIFF. One that is cut short is left to who reads it.
    """
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
    wide = int.from_bytes(data[2:4], order) == 43  # BigTIFF
    count_bytes, offset_bytes = (8, 8) if wide else (2, 4)
    number = f"{'<' if order == 'little' else '>'}u"
    entry = np.dtype([("tag", f"{number}2"), ("type", f"{number}2"), ("count", f"{number}{offset_bytes}"),
                      ("value", f"V{offset_bytes}")])  # fmt: skip
    place = int.from_bytes(data[8:16] if wide else data[4:8], order)
    seen: set[int] = set()
    tags = 0
    values = 0.0
    while place and place not in seen:
        seen.add(place)
        start = place + count_bytes
        held = min(int.from_bytes(data[place:start], order), max(len(data) - start, 0) // entry.itemsize)
        end = start + held * entry.itemsize
        if held:
            found = np.frombuffer(data, entry, held, start)
            sizes = _VALUE_BYTES[np.minimum(found["type"], len(_VALUE_BYTES) - 1)] * found["count"].astype(float)
            values += float(sizes[sizes > offset_bytes].sum())
        tags += held
        if len(seen) > LIMITS.slices:
            raise refuse(name, f"it has more than {LIMITS.slices:,} pages", LIMITS.most("slices"))
        if tags > TAGS_A_PAGE * LIMITS.slices or values > 2 * len(data):  # pages may share what is the same in each
            raise refuse(name, "its directories promise more than there is in it", "a complete TIFF image")
        place = int.from_bytes(data[end : end + offset_bytes], order)
