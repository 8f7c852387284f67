"""The floor under every network: no hidden layer at all."""

from __future__ import annotations

from typing import Any


def build(features: Any, labels: int) -> Any:
    """One weight a pixel and label (logistic regression): what a network has to beat.

    4,096 weights a label at 64×64 and one channel; any image size.
    """
    from keras import layers

    return layers.Dense(labels, activation="sigmoid")(layers.Flatten()(features))
