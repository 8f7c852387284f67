"""A decoding process: reads places, answers with slices as they will be stored. Loads no pandas.

What it reads may be anyone's, so it is confined: no network, no new files, little time a file. Its memory is enough for
files of the size that an owner may import, which are larger than a stranger's.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence

import numpy as np

from mri_core.datasets.importing.messages import Decoded, Facts, Outcome, places_of, told_outcomes
from mri_core.datasets.importing.plan import Place
from mri_core.errors import ImageError
from mri_core.images import Preprocessing, prepare
from mri_core.images.confine import confine
from mri_core.images.framing import receive_header, send
from mri_core.images.limits import LIMITS, refuse

MEMORY_MB = LIMITS.memory_mb + 4 * LIMITS.own_file_mb
"""For libraries and a stranger's file's worth, and: the file, what it inflates to, its pixels, and a copy of those."""
SECONDS = max(LIMITS.seconds, LIMITS.seconds * LIMITS.own_file_mb // LIMITS.file_mb)
"""On the clock for one file: as long for each MB as a stranger's file has. The system ends the process then."""


def decode(
    places: Sequence[Place],
    image_shape: tuple[int, ...],
    preprocessing: Preprocessing,
    begin: Callable[[], object] = lambda: None,
) -> Decoded:
    """Slices of those places that can be read. begin: called before each is."""
    pixels = np.empty((len(places), *image_shape), np.uint8)
    outcomes: list[Outcome] = []
    taken = 0
    for place in places:
        begin()
        try:
            found = place.read(preprocessing)
            pixels[taken] = prepare(found, image_shape, preprocessing.resampling)
        except ImageError as error:
            outcomes.append(str(error))
            continue
        except MemoryError:
            too_much = f"reading it takes more than {MEMORY_MB:,} MB of memory"
            outcomes.append(str(refuse(place.path, too_much, "a smaller file")))
            continue
        height, width = found.pixels.shape[:2]
        outcomes.append(Facts(found.position, found.patient, (height, width), found.burned_in))
        taken += 1
    return pixels[:taken], outcomes


def main() -> None:
    """Answer until the other side has gone."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers

    def begin() -> None:
        signal.alarm(SECONDS)
        answers.write(b".")
        answers.flush()

    confine(MEMORY_MB)
    try:
        told = receive_header(sys.stdin.buffer)
        image_shape, preprocessing = tuple(told["image_shape"]), Preprocessing(**told["preprocessing"])
        while True:
            places = places_of(receive_header(sys.stdin.buffer)["places"])
            pixels, outcomes = decode(places, image_shape, preprocessing, begin)
            signal.alarm(0)
            send(answers, {"outcomes": told_outcomes(outcomes)}, [pixels.tobytes()])
    except (EOFError, OSError):
        return
