"""Slices that look like hardly any other, and slices that look like the others once they are turned."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from mri_core import words
from mri_core.datasets.dataset import Dataset
from mri_core.embedding.embedding import described, embed, projection
from mri_core.embedding.isolation import isolation
from mri_core.quality.finding import Finding
from mri_core.quality.intensities import robust_z

EXPECTED = 0.5
"""Slices that chance would put beyond the limit in a whole set: Chauvenet's criterion ("A manual of spherical and
practical astronomy", 1863), with which a limit grows with the set as its largest value does."""
NEARER = 1.25
"""A slice is turned when it is this many times nearer to the others after a turn."""
TURNS = {1: "a quarter turn to the left", 2: "half a turn", 3: "a quarter turn to the right"}
"""Quarter turns counterclockwise -> what would mend the slice, in words."""

_FLOOR = 0.05  # of the logarithm: sets of nearly equal slices would else find many
_FAR = (
    "The network sees hardly any like them, so its answers on them are guesses. If they are no MRI slices they teach "
    "it what it will not meet again, and lower every score."
)
_TURNED = (
    "A network has to learn every direction by itself: on the few slices that lie otherwise it guesses, and they take "
    "away from what it learns of the rest. Flips in training help against slices upside down, not on their side."
)


def unlike_the_rest(dataset: Dataset) -> tuple[Finding, ...]:
    """Up to two findings, each the clearest slice first: slices unlike the rest, and turned slices."""
    vectors, rows = embed(dataset), np.arange(dataset.header.slices)
    far = isolation(dataset, vectors, rows, vectors)
    found = (_far(far), _turned(dataset, vectors, far))
    return tuple(one for one in found if one is not None)


def _far(far: np.ndarray) -> Finding | None:
    known = np.flatnonzero(far > 0)
    if not len(known):
        return None
    scores = robust_z(np.log(far[known]).astype(float), "high", _FLOOR)
    limit = NormalDist().inv_cdf(1 - EXPECTED / len(known))
    out = np.flatnonzero(scores > limit)
    rows = known[out[np.argsort(-scores[out], kind="stable")]]
    usual = float(np.median(far[known]))
    return _finding(
        "unlike-the-rest",
        "Slices unlike the rest",
        rows,
        f"{words.count(len(rows))} of {words.count(len(far))} slices look like hardly any slice of another patient: "
        f"the distance to their tenth-nearest one is more than {limit:.1f} robust standard deviations above the "
        "median of the set on a logarithmic scale, which chance does to no slice of most sets of this size.",
        _FAR,
        "Look at them beside their source. Leave out what should not be among the slices, and keep what is rare but "
        "right: an unusual finding looks like this too.",
        [f"{far[row] / usual:.1f} times as far from others as usual" for row in rows],
    )


def _turned(dataset: Dataset, vectors: np.ndarray, far: np.ndarray) -> Finding | None:
    # A turned slice is not among the half of the set that has the nearest neighbours, so only the other half is turned.
    tried = np.flatnonzero(far >= np.nanmedian(far)) if not np.isnan(far).all() else np.empty(0, dtype=np.int64)
    height, width = dataset.image_shape[:2]
    gains = np.zeros((len(TURNS), len(tried)))
    project = projection(dataset)
    for place, quarters in enumerate(TURNS):
        if quarters == 2 or height == width:
            parts = [project.apply(features) for _, features in described(dataset, tried, quarters)]
            turned = isolation(dataset, vectors, tried, np.concatenate(parts)) if parts else far[tried]
            gains[place] = far[tried] / np.maximum(turned, np.finfo(np.float32).tiny)
    best = gains.max(axis=0)
    out = np.flatnonzero(best > NEARER)
    out = out[np.argsort(-best[out], kind="stable")]
    mends = [list(TURNS.values())[place] for place in gains[:, out].argmax(axis=0)]
    return _finding(
        "turned",
        "Slices that lie otherwise than the rest",
        tried[out],
        f"{words.count(len(out))} of {words.count(len(far))} slices look more like those of other patients once they "
        f"are turned: the distance to the tenth-nearest one is more than {NEARER:g} times as small then.",
        _TURNED,
        "Look at them beside their source. Import them again the right way up, or leave them out. Slices that look "
        "alike from several sides, such as those of the top of a head, may be here by mistake.",
        [f"{mend} brings it {gain:.1f} times as near to others" for mend, gain in zip(mends, best[out], strict=True)],
    )


def _finding(
    name: str, title: str, rows: np.ndarray, summary: str, meaning: str, advice: str, notes: list[str]
) -> Finding | None:
    """A note: what is odd to a descriptor of pixels may well be right."""
    if not len(rows):
        return None
    return Finding(
        name,
        title,
        "note",
        len(rows),
        "slices",
        summary,
        meaning,
        advice,
        rows,
        notes=tuple(notes),
        excluded=np.sort(rows),
    )
