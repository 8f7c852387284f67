"""How long the recommended presets take to the score that the study's CNN comes to."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from mri_core.bench.pairs import SECONDS, Reading, compare, interleave
from mri_core.bench.record import Goal, Measurement, missing
from mri_core.bench.session import Bench
from mri_core.datasets.dataset import Dataset
from mri_core.errors import MriError
from mri_core.training.presets import PRESETS

COMPARED = ("recommended", "recommended-fast")
REFERENCE = "cnn"
LENT = "lent"
"""What the user's data set is called in the benchmark's home."""


def time_to_f1(bench: Bench) -> list[Measurement]:
    """Seconds of training until the validation micro-F1 is the best that `cnn` reached with the same seed."""
    title = f"time to the best validation micro-F1 of `{REFERENCE}`"
    if not bench.seeds or not bench.sizes.full:
        return [missing(title, "skipped: it takes many minutes; ask for it with --seeds 3 and without --quick")]
    if not isinstance(bench.lent, Dataset):
        return [missing(title, f"skipped: {bench.lent}")]
    names = [name for name in COMPARED if name in PRESETS]
    absent = [missing(f"{title}: `{name}`", "there is no such preset") for name in COMPARED if name not in PRESETS]
    if not names:
        return absent
    (bench.settings.datasets / LENT).symlink_to(bench.lent.folder.resolve())  # the runs go to the benchmark's home
    taken = interleave(_sides(bench, names), bench.seeds, bench.advance)
    return absent + [
        compare(
            f"{title} on '{bench.lent.name}': `{name}`",
            SECONDS,
            taken[name],
            f"`{REFERENCE}`",
            taken[REFERENCE],
            (Goal("ratio", 5),),
        )
        for name in names
    ]


def _sides(bench: Bench, names: Sequence[str]) -> dict[str, Callable[[], Reading]]:
    """The reference and its challengers: turn after turn, each takes the next seed."""
    best: list[float] = []

    def reference() -> Reading:
        arguments = (LENT, "--preset", REFERENCE, "--seed", len(best))
        epochs = bench.run("-m", "mri_core.bench.our_training", *arguments)["epochs"]
        best.append(max(score for _, score in epochs))
        return {"seconds": seconds_to(best[-1], epochs)}

    def challenger(name: str, seed: int) -> Reading:
        if seed >= len(best):
            raise MriError(f"there is no score to reach: `{REFERENCE}` has failed")
        arguments = (LENT, "--preset", name, "--seed", seed, "--until", best[seed])
        return {"seconds": seconds_to(best[seed], bench.run("-m", "mri_core.bench.our_training", *arguments)["epochs"])}

    seeds = {name: itertools.count() for name in names}
    return {REFERENCE: reference} | {name: lambda name=name: challenger(name, next(seeds[name])) for name in names}


def seconds_to(score: float, epochs: Sequence[tuple[float, float]]) -> float:
    """When a score was first reached, infinite if never. epochs: (seconds, score) each."""
    return next((seconds for seconds, reached in epochs if reached >= score), math.inf)
