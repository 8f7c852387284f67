"""Peer of the predictor: Keras, the way its guides show it.

    python benchmarks/keras_predict.py predict|call SLICES.npy BATCH CALLS

"predict" is `model.predict`, "call" is `model(x, training=False)`. The network is the CNN of plain_keras.py; its
weights make no difference to its speed. Prints one line of JSON like onnx_raw.py.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from onnx_raw import median_ms
from plain_keras import cnn


def main(way: str, slices: str, batch: str, calls: str) -> None:
    grey = np.load(slices, mmap_mode="r")[: int(batch)].astype("float32") / 255
    images = np.repeat(grey[..., None], 3, axis=-1)
    model = cnn(images.shape[1:], 3)
    answer = {
        "predict": lambda x: model.predict(x, batch_size=len(x), verbose=0),
        "call": lambda x: np.asarray(model(x, training=False)),
    }[way]
    times = max(3, int(calls) // 10)
    print(
        json.dumps(
            {
                "one": median_ms(lambda: answer(images[:1]), times),
                "batch": median_ms(lambda: answer(images), times),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
