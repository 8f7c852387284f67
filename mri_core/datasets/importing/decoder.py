"""A decoding process: reads places, answers with slices as they will be stored. Loads no pandas."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np

from mri_core.datasets.importing.plan import Place
from mri_core.errors import ImageError
from mri_core.images import Preprocessing, prepare


@dataclass(frozen=True)
class Facts:
    """What a file said of a slice beside its pixels. size: (height, width) before it was fitted."""

    position: float | None
    patient: str | None
    size: tuple[int, int]


Outcome = Facts | str
"""Of a slice, or why there is none."""


def decode(
    places: Sequence[Place], image_shape: tuple[int, ...], preprocessing: Preprocessing
) -> tuple[np.ndarray, list[Outcome]]:
    """Slices of those places that can be read, (n, *image_shape) uint8 in order, and an outcome for every place."""
    pixels = np.empty((len(places), *image_shape), np.uint8)
    outcomes: list[Outcome] = []
    taken = 0
    for place in places:
        try:
            found = place.read(preprocessing)
        except ImageError as error:
            outcomes.append(str(error))
            continue
        pixels[taken] = prepare(found, image_shape, preprocessing.resampling)
        height, width = found.pixels.shape[:2]
        outcomes.append(Facts(found.position, found.patient, (height, width)))
        taken += 1
    return pixels[:taken], outcomes


def main() -> None:
    """Answer until the other side has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent closes the connection
    parent = Connection(int(sys.argv[1]))
    try:
        image_shape, preprocessing = parent.recv()
        while True:
            parent.send(decode(parent.recv(), image_shape, preprocessing))
    except (EOFError, OSError):
        return
