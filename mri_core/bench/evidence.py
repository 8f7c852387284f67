"""Whether the evidence shown for a label lies in the lesion that was planted, and how long finding it takes."""

from __future__ import annotations

from mri_core.bench.record import Goal, Measurement
from mri_core.bench.session import Bench
from mri_core.bench.trained import trained_run

_SLICES, _FEW = 60, 10
_SHARE, _LONGEST_MS = 90, 300


def evidence(bench: Bench) -> list[Measurement]:
    """The share of confident slices whose map peaks in the lesion, beside pointing anywhere at the head; the time."""
    run = trained_run(bench)
    slices = _SLICES if bench.sizes.full else _FEW
    found = bench.run(bench.peer("evidence_places.py"), run.id, slices)["methods"]
    bench.advance(1.0)
    return [one for method, told in found.items() for one in _of_method(method, told)]


def _of_method(method: str, told: dict) -> list[Measurement]:
    shares = [
        Measurement(
            f"evidence by {method} for {label}: the peak lies in the lesion",
            "%",
            "more",
            (100 * share["in_lesion"],),
            "any pixel of the head",
            (100 * share["any_pixel_of_the_head"],),
            (Goal("ours", _SHARE),),
        )
        for label, share in told["labels"].items()
    ]
    seconds = Measurement(
        f"evidence by {method} in one slice",
        "ms",
        "less",
        (told["milliseconds"],),
        "500 predictions",
        (told["predictions"],),
        (Goal("ours", _LONGEST_MS),),
    )
    return [*shares, seconds]
