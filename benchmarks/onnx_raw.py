"""Peer of the predictor: ONNX Runtime called with nothing around it.

    python benchmarks/onnx_raw.py MODEL.onnx SLICES.npy BATCH CALLS

Prints one line of JSON: the median milliseconds of a call with one slice and with a batch.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import numpy as np
import onnxruntime


def main(model: str, slices: str, batch: str, calls: str) -> None:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    images = np.array(np.load(slices, mmap_mode="r")[: int(batch)])[..., None]
    print(
        json.dumps(
            {
                "one": median_ms(lambda: session.run(None, {name: images[:1]}), int(calls)),
                "batch": median_ms(lambda: session.run(None, {name: images}), max(3, int(calls) // 10)),
            }
        )
    )


def median_ms(call, times: int) -> float:
    call()
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds) * 1000


if __name__ == "__main__":
    main(*sys.argv[1:])
