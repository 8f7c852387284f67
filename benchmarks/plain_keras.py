"""Peer: the study's networks as a plain Keras script, the way a competent student would write it.

    python benchmarks/plain_keras.py FOLDER [--architecture dense] [--epochs 3] [--first-step]

FOLDER holds a data set's slices.npy and index.parquet. Prints one line of JSON last: images a second of each epoch's
training steps, when the first step was done (seconds since 1970), the peak of memory in MB, and the validation micro-F1
at the epoch with the lowest validation loss.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from keras import layers

INDEX = ["id", "patient", "split", "source", "position", "checksum"]


def load(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, H, W, 3) float32 in [0, 1] and labels (n, labels) float32."""
    index = pd.read_parquet(folder / "index.parquet")
    wanted = (index["split"] == split).to_numpy()
    grey = np.load(folder / "slices.npy")[wanted].astype("float32") / 255
    return np.repeat(grey[..., None], 3, axis=-1), index.drop(columns=INDEX)[wanted].to_numpy("float32")


def with_flips(images: np.ndarray, labels: np.ndarray, both: bool) -> tuple[np.ndarray, np.ndarray]:
    copies = [images, images[:, :, ::-1], *([images[:, ::-1]] if both else [])]
    return np.concatenate(copies), np.concatenate([labels] * len(copies))


def cnn(shape: tuple[int, ...], labels: int) -> keras.Model:
    model = keras.Sequential([keras.Input(shape)])
    for rate in (0.25, 0.35, 0.25, 0.25):
        model.add(layers.Conv2D(32, 3, activation="relu"))
        model.add(layers.MaxPooling2D())
        model.add(layers.Dropout(rate))
    model.add(layers.Flatten())
    for _ in range(2):
        model.add(layers.Dense(32, activation="relu"))
        model.add(layers.Dropout(0.5))
    model.add(layers.Dense(labels, activation="sigmoid"))
    return model


def dense(shape: tuple[int, ...], labels: int) -> keras.Model:
    model = keras.Sequential([keras.Input(shape), layers.Flatten()])
    for _ in range(4):
        model.add(layers.Dense(200, activation="relu"))
        model.add(layers.Dropout(0.5))
    model.add(layers.Dense(labels, activation="sigmoid"))
    return model


class Stopwatch(keras.callbacks.Callback):
    """Times the training steps of each epoch; validation is not counted."""

    def __init__(self, images: int, only_first_step: bool) -> None:
        super().__init__()
        self.images, self.only_first_step = images, only_first_step
        self.rates: list[float] = []
        self.first_step = 0.0
        self.async_safe = True  # so that Keras need not wait for a step's metrics on our account

    def on_epoch_begin(self, *_positional, **_named):
        self.began = time.perf_counter()

    def on_train_batch_end(self, *_positional, **_named):
        self.first_step = self.first_step or time.time()
        if self.only_first_step:
            self.model.stop_training = True

    def on_test_begin(self, *_positional, **_named):
        self.rates.append(self.images / (time.perf_counter() - self.began))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--architecture", choices=["cnn", "dense"], default="cnn")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first-step", action="store_true", help="end after the first step")
    options = parser.parse_args()

    keras.utils.set_random_seed(options.seed)
    images, labels = with_flips(*load(options.folder, "train"), both=options.architecture == "dense")
    build = {"cnn": cnn, "dense": dense}[options.architecture]
    model = build(images.shape[1:], labels.shape[1])
    model.compile(
        optimizer=keras.optimizers.SGD(0.01) if options.architecture == "dense" else keras.optimizers.Adam(0.001),
        loss="binary_crossentropy",
        metrics=["binary_accuracy", keras.metrics.F1Score(average="micro", threshold=0.5)],
    )
    stopwatch = Stopwatch(len(images), options.first_step)
    history = model.fit(
        images,
        labels,
        batch_size=64,
        epochs=options.epochs,
        validation_data=load(options.folder, "validation"),
        callbacks=[keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True), stopwatch],
        verbose=2,
    ).history
    best = int(np.argmin(history["val_loss"]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "rates": stopwatch.rates,
                "first_step": stopwatch.first_step,
                "peak_memory_mb": peak,
                "micro_f1": float(history["val_f1_score"][best]),
            }
        )
    )


if __name__ == "__main__":
    main()
