"""Our side of the prediction benchmark: `python -m mri_core.bench.our_prediction RUN_FOLDER SLICES.npy BATCH CALLS`.

Prints one line of JSON: the median milliseconds of a call with one slice and with a batch.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from mri_core.prediction.predictor import load_predictor


def main(run_folder: str, slices: str, batch: str, calls: str) -> None:
    """Time calls of the predictor, as a page makes them; the first of each size is not counted."""
    predictor = load_predictor(Path(run_folder))
    pixels = np.array(np.load(slices, mmap_mode="r")[: int(batch)])
    found = {}
    for name, images, times in (("one", pixels[:1], int(calls)), ("batch", pixels, max(3, int(calls) // 10))):
        predictor.probabilities(images)
        seconds = []
        for _ in range(times):
            began = time.perf_counter()
            predictor.probabilities(images)
            seconds.append(time.perf_counter() - began)
        found[name] = statistics.median(seconds) * 1000
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
