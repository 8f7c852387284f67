"""The learning rate over a run. Plain numbers: a page can draw it."""

from __future__ import annotations

import math

from mri_core.training.spec import TrainingSpec


def learning_rate(spec: TrainingSpec, done: float) -> float:
    """The learning rate when the share `done` in [0, 1) of all steps is over.

    It rises in a straight line over the share `spec.warmup` (Goyal et al., "Accurate, large minibatch SGD", 2017); then
    "cosine" falls along half a cosine (Loshchilov & Hutter, "SGDR", 2017) and "linear" in a straight line to zero (with
    its rise the one-cycle policy: Smith & Topin, "Super-convergence", 2018), while "constant" stays.
    """
    if done < spec.warmup:
        return spec.learning_rate * done / spec.warmup
    fallen = (done - spec.warmup) / (1 - spec.warmup)
    match spec.schedule:
        case "cosine":
            return spec.learning_rate * (1 + math.cos(math.pi * fallen)) / 2
        case "linear":
            return spec.learning_rate * (1 - fallen)
        case _:
            return spec.learning_rate
