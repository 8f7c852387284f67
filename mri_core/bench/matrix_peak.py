"""What the processor can do at most, in a process of its own: `python -m mri_core.bench.matrix_peak SIZE`.

Prints one line of JSON: 10^9 operations a second of a product of two square matrices in float32 and in bfloat16, the
best of a few, and the GPUs that TensorFlow sees.
"""

from __future__ import annotations

import json
import sys
import time

_TIMES = 4


def main(size: str) -> None:
    """Measure both precisions and print them."""
    import tensorflow as tf

    gpus = [device.name for device in tf.config.list_physical_devices("GPU")]
    print(json.dumps({"gflops": {name: gflops(int(size), name) for name in ("float32", "bfloat16")}, "gpus": gpus}))


def gflops(edge: int, precision: str) -> float:
    """10^9 operations a second of a product of two square matrices with this edge."""
    import tensorflow as tf

    matrix = tf.cast(tf.random.normal((edge, edge)), precision)
    tf.matmul(matrix, matrix)
    seconds = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        tf.matmul(matrix, matrix)
        seconds.append(time.perf_counter() - began)
    return 2 * edge**3 / min(seconds) / 1e9


if __name__ == "__main__":
    main(sys.argv[1])
