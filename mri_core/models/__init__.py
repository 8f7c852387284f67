"""Architectures: one a module. `ARCHITECTURES` maps a name to its builder.

A builder is a function `(features, labels) -> outputs` on Keras tensors: `features` has shape (slices, H, W,
C), float32 in [0, 1]; the outputs have shape (slices, labels) and are probabilities. Its docstring's first line
is what users read. The builders import Keras when called, so this table costs nothing to import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mri_core.models import cnn, dense, linear, residual

ARCHITECTURES: dict[str, Callable[[Any, int], Any]] = {
    "cnn": cnn.build,
    "dense": dense.build,
    "residual": residual.build,
    "residual-small": residual.build_small,
    "linear": linear.build,
}
