"""Throughput and peak memory of training the study's networks, from the same processes."""

from __future__ import annotations

import importlib.util
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from mri_core.bench.pairs import Quantity, Reading, Taken, compare, interleave
from mri_core.bench.record import Goal, Measurement, missing
from mri_core.bench.session import Bench
from mri_core.errors import MriError

KERAS, TORCH = "plain Keras script", "PyTorch by hand"
_GOALS = {"cnn": 2.5, "dense": 2.0}
RATE = Quantity("images_per_second", "images/s", "more")
MEMORY = Quantity("peak_memory_mb", "MB", "less")
_LARGEST_MB = 1300


def training(bench: Bench) -> list[Measurement]:
    """The networks of the study, ours and the plain script's, on the same slices with the same flips."""
    bench.demo()
    sides: dict[str, Callable[[], Reading]] = {}
    for architecture in _GOALS:
        sides[f"our {architecture}"] = partial(ours, bench, "--preset", architecture)
        sides[f"their {architecture}"] = partial(_peer, bench, "plain_keras.py", "--architecture", architecture)
    has_torch = importlib.util.find_spec("torch") is not None
    if has_torch:
        sides["torch"] = partial(_peer, bench, "torch_cnn.py")
    taken = interleave(sides, bench.repeats, bench.advance)
    found = [one for name in _GOALS for one in _against_keras(bench, name, taken)]
    title = "training steps of the CNN"
    found.append(
        compare(title, RATE, taken["our cnn"], TORCH, taken["torch"])
        if has_torch
        else missing(f"{title} against {TORCH}", "torch is not installed")
    )
    return found


def _against_keras(bench: Bench, architecture: str, taken: dict[str, Taken]) -> list[Measurement]:
    our, their = taken[f"our {architecture}"], taken[f"their {architecture}"]
    network = {"cnn": "CNN", "dense": "dense network"}[architecture]
    goal = Goal("ratio", _GOALS[architecture])
    found = [compare(f"training steps of the {network}", RATE, our, KERAS, their, (goal,))]
    if bench.sizes.full:  # with few slices all that is measured is TensorFlow itself
        goals = (Goal("ratio", 4), Goal("ours", _LARGEST_MB)) if architecture == "cnn" else ()
        slices = f"{len(bench.demo().rows('train')):,} training slices"
        found.append(compare(f"peak memory of the {network}, {slices}", MEMORY, our, KERAS, their, goals))
    return found


def _peer(bench: Bench, script: str, *options: object) -> Reading:
    folder = bench.demo().folder
    return trained(bench.run(bench.peer(script), folder, *options, "--epochs", bench.sizes.epochs))


def ours(bench: Bench, *options: object, dataset: str | None = None) -> Reading:
    """One training of ours, on the demo set unless another is named."""
    name = dataset or bench.demo().name
    arguments = [*options] if "--seconds" in options else [*options, "--epochs", bench.sizes.epochs]
    return trained(bench.run("-m", "mri_core.bench.our_training", name, *arguments))


def trained(printed: dict[str, Any]) -> Reading:
    """What a training process printed, as a reading; "first_step" becomes the seconds since the process was started."""
    return {
        "images_per_second": steady(printed["rates"]),
        "peak_memory_mb": printed["peak_memory_mb"],
        "first_step": printed["first_step"] - printed["began"],
    }


def steady(rates: Sequence[float]) -> float:
    """The median of the epochs after the first, which warms up; the first where there is no other."""
    if not rates:
        raise MriError("it ended before a step could be timed")
    return statistics.median(rates[1:] or rates)
