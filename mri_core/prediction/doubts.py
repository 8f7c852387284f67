"""Why an answer may not be worth believing, each doubt as a plain sentence.

A doubt says what was seen, what is usual, and what that means. The limits of a run's `Reference` are such that 1 in 100
slices like those it was trained on is doubted for its looks, and 1 in 100 for what a flip does to its answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mri_core import words
from mri_core.evaluation.calibration import calibrated
from mri_core.prediction.flips import Outputs, flipped_outputs, movements
from mri_core.prediction.looks import looks
from mri_core.prediction.model_file import ModelDescription
from mri_core.prediction.reference import GRAIN, KNOWN_TURNS, LEVELS, SHAPES, TURNS, UPSIDE_DOWN, Reference

BLANK = "The slice is blank: every pixel has the same intensity."
OTHER_SIZE = 1.5
"""So many times smaller or larger than any training slice is another size; less hardly changes what scaling leaves."""

LEAST_MOVEMENT = 0.05
"""Of probability: what moves less is no doubt, however little other slices move."""

_MIRRORED = {"horizontal": "left to right", "vertical": "upside down"}


def doubts(
    originals: Sequence[np.ndarray],
    slices: np.ndarray,
    given: np.ndarray,
    description: ModelDescription,
    reference: Reference | None,
    outputs: Outputs,
) -> list[tuple[str, ...]]:
    """All doubts about each slice, as sentences.

    originals: n slices as they came, of any size; slices: (n, H, W) or (n, H, W, 3) uint8, the same as the model sees
    them. given: (n, labels) its `outputs` for them. Without a reference only blank and enlarged slices are doubted.
    """
    said = [size_doubts(one.shape, slices.shape[1:], reference) for one in originals]
    flat = slices.reshape(len(slices), -1)
    blank = flat.max(axis=1) == flat.min(axis=1)
    for place in np.flatnonzero(blank).tolist():
        said[place].insert(0, BLANK)
    others = np.flatnonzero(~blank)
    if reference is not None and len(others):
        pictures = slices[others]
        by_look = look_doubts(reference, pictures)
        by_flip = flip_doubts(reference, description, pictures, given[others], outputs)
        for place, looked, flipped in zip(others.tolist(), by_look, by_flip, strict=True):
            said[place] += looked + flipped
    return [tuple(one) for one in said]


def size_doubts(original: Sequence[int], model: Sequence[int], reference: Reference | None) -> list[str]:
    """On the size of a slice. original, model: (height, width, …) of it, and of what the model takes."""
    (height, width), (tall, wide) = original[:2], model[:2]
    said = []
    if min(height, width) < min(tall, wide):
        said.append(f"The slice measures {width}×{height} pixels and was enlarged to {wide}×{tall}.")
    if reference is not None and len(reference.sizes):
        least, most = reference.sizes.min(axis=1), reference.sizes.max(axis=1)
        times = max(max(low / side, side / high) for side, low, high in zip((height, width), least, most, strict=True))
        if times > OTHER_SIZE:
            span = " to ".join(dict.fromkeys(f"{one[1]}×{one[0]}" for one in (least.tolist(), most.tolist())))
            said.append(
                f"The slice measures {width}×{height} pixels where the training slices had {span}, so scaling has "
                "made it sharper or softer than what the model knows."
            )
    return said


def look_doubts(reference: Reference, slices: np.ndarray) -> list[list[str]]:
    """For each of (n, H, W) or (n, H, W, 3) slices as the model sees them, how it differs from the training slices."""
    found = looks(slices)
    scores = reference.scores(found)
    beyond = scores > reference.limits
    lying = _lying(reference, slices, beyond)
    said: list[list[str]] = [[] for _ in slices]
    for place in np.flatnonzero(beyond.any(axis=1)).tolist():
        if lying[place]:
            said[place] = [_turned(lying[place])]
        else:
            times = scores[place] / reference.limits
            said[place] = _unlike(times, beyond[place]) + _levels(reference, found.levels[place], beyond[place])
            said[place] = said[place] or [_CUT_ANOTHER_WAY]
    return said


def flip_doubts(
    reference: Reference, description: ModelDescription, slices: np.ndarray, given: np.ndarray, outputs: Outputs
) -> list[list[str]]:
    """For each slice, whether the model answers otherwise once it is flipped. given: (n, labels) its `outputs`."""
    if not len(reference.flips):
        return [[] for _ in slices]
    flipped = flipped_outputs(slices, reference.flips.tolist(), outputs)
    said: list[list[str]] = [[] for _ in slices]
    for place in np.flatnonzero(movements(given, flipped) > max(LEAST_MOVEMENT, float(reference.movement))).tolist():
        moved = np.abs(flipped[:, place] - given[place])
        flip, label = (int(one) for one in np.unravel_index(moved.argmax(), moved.shape))
        before, after = calibrated(
            np.stack([given[place], flipped[flip, place]]), description.labels, description.calibration
        )[:, label]
        name = description.labels[label]
        threshold = description.thresholds[name]
        changes = " and with it the answer" if (before >= threshold) != (after >= threshold) else ""
        said[place] = [
            f"Mirrored {_MIRRORED[reference.flips[flip]]}, the slice moves the probability of {name} from "
            f"{words.score(before)} to {words.score(after)}{changes}, farther than in 99 % of held-out slices. "
            "A finding does not depend on the side, so the model is unsure of what it sees."
        ]
    return said


def _lying(reference: Reference, slices: np.ndarray, beyond: np.ndarray) -> list[str]:
    """(n,) how a slice lies that a discriminant takes for turned and that is usual once it is mended, else "".

    Of several turns that mend it, the one after which its shapes are the most usual.
    """
    lying, least = [""] * len(slices), np.full(len(slices), np.inf)
    for column, turn in enumerate(reference.turns.tolist(), TURNS):
        rows = np.flatnonzero(beyond[:, column])
        for mend in KNOWN_TURNS[turn] if len(rows) else ():
            scores = reference.scores(looks(mend(slices[rows])))
            better = ~(scores > reference.limits).any(axis=1) & (scores[:, SHAPES] < least[rows])
            least[rows[better]] = scores[better, SHAPES]
            for place in rows[better].tolist():
                lying[place] = turn
    return lying


def _turned(turn: str) -> str:
    how = "turned or mirrored" if turn == UPSIDE_DOWN else "turned by a quarter"
    return (
        f"The slice seems to lie {turn}: {how}, it looks like the training slices, of which hardly any lies as it "
        "does. Turn it and ask again, since the model has not learnt to read it like this."
    )


_CUT_ANOTHER_WAY = (
    "The slice does not lie as the training slices do, or is cut in another direction: hardly 1 in 100 held-out slices "
    "seems as turned. The model has learnt no other view, so its answer may be a guess."
)


def _unlike(times: np.ndarray, beyond: np.ndarray) -> list[str]:
    """times: the scores as multiples of their limits."""
    what = {SHAPES: "shapes", GRAIN: "intensities and grain"}
    named = [name for column, name in what.items() if beyond[column]]
    if not named:
        return []
    farthest = max(times[column] for column in what if beyond[column])
    return [
        f"The slice does not look like the training slices: its {' and its '.join(named)} lie {_upwards(farthest)} "
        "times as far from theirs as 99 % of held-out slices do at most. The model has not learnt such images, so its "
        "answer may be a guess."
    ]


def _upwards(times: float) -> str:
    """One decimal, rounded up: what is beyond a limit is never "1.0 times" it."""
    return f"{math.ceil(10 * times) / 10:,.1f}"


def _levels(reference: Reference, levels: np.ndarray, beyond: np.ndarray) -> list[str]:
    if not beyond[LEVELS]:
        return []
    low, middle, high = reference.ranges
    away = np.maximum((levels - middle) / (high - middle), (middle - levels) / (middle - low))
    worst = int(away.argmax())
    more = levels[worst] > middle[worst]
    (word, what) = (
        ("brighter" if more else "darker", "mean intensity"),
        ("of more contrast" if more else "of less contrast", "spread of intensities"),
    )[worst]
    return [
        f"The slice is {word} than the training slices: its {what} is {levels[worst]:.0f} of 255, where 99 % of theirs "
        f"lie between {low[worst]:.0f} and {high[worst]:.0f}. Check its window, since the model may take this for a "
        "finding."
    ]
