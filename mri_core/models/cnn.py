"""The study's convolutional network."""

from __future__ import annotations

from typing import Any

DROPOUT_RATES = (0.25, 0.35, 0.25, 0.25)


def build(features: Any, labels: int) -> Any:
    """Four convolutions of 32 filters, each with pooling and dropout, then two dense layers of 32 (the study's CNN).

    33,923 parameters at 64×64×3 and 3 labels. Convolutions use no padding, so a slice must measure at least 46×46.
    """
    from keras import layers

    x = features
    for rate in DROPOUT_RATES:
        x = layers.Conv2D(32, 3, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
        x = layers.Dropout(rate)(x)
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.Dense(32, activation="relu")(x)
        x = layers.Dropout(0.5)(x)
    return layers.Dense(labels, activation="sigmoid")(x)
