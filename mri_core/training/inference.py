"""The model without dropout, on slices of a data set."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from mri_core.datasets.dataset import Dataset
from mri_core.datasets.gather import gather
from mri_core.images.prepare import with_channels

PREDICTION_BATCH = 32
"""Small, because the activations of a batch are what a run's memory peaks with."""

Inference = Callable[[np.ndarray], tf.Tensor]


def compile_inference(model: keras.Model) -> Inference:
    """The model without dropout as one compiled function of (slices, H, W, C) uint8."""
    images = tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)
    return tf.function(lambda slices: model(slices, training=False), input_signature=[images], autograph=False)


def predict(infer: Inference, dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Probabilities of some slices of a data set, (rows, labels) float32, cut in batches so that memory stays flat."""
    found = []
    for start in range(0, len(rows), PREDICTION_BATCH):
        slices = gather(dataset.pixels, rows[start : start + PREDICTION_BATCH])
        found.append(infer(with_channels(slices)).numpy())
    return np.concatenate(found)
