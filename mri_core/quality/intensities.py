"""Slices whose pixels are unlike the rest of the set, judged for MRI: a black background is what an MRI has.

Each measure of a slice is set against the whole set by a robust z-score: its distance from the median in units of the
spread on its own side, the median's distance to the 10th or 90th percentile over 1.28 (Rousseeuw & Croux, "Alternatives
to the median absolute deviation" (1993), on why spreads should not be taken as symmetric). A head ends in small, dark
slices, so measures are skewed, and a symmetric spread would call every top of a head odd.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from mri_core import words
from mri_core.datasets.dataset import Dataset
from mri_core.quality.finding import Finding, Severity, grey_chunks

LIMIT = 5.0
"""Robust z-scores beyond which a slice is unlike the rest."""
BLANK_RANGE = 2
"""Grey levels (of 256) between the darkest and the brightest pixel of a slice that shows nothing."""
TISSUE_LEVEL = 25
"""Grey levels from which a pixel is tissue: intensities were stretched over 0-255, and noise stays below a tenth."""

_TAIL = NormalDist().inv_cdf(0.9)


@dataclass(frozen=True)
class _Judged:
    """One measure, and how it is judged. floor: the least spread, in its units (or of its logarithm)."""

    measure: str
    side: Literal["low", "high"]
    floor: float
    logarithm: bool
    note: str


@dataclass(frozen=True)
class _Kind:
    title: str
    severity: Severity
    summary: str
    meaning: str
    judged: tuple[_Judged, ...]


_KINDS = {
    "saturated": _Kind(
        "Saturated slices",
        "warning",
        "have unusually many pixels at the highest intensity",
        "Detail is lost where all is white, and the network may learn the window of a series in place of its content.",
        (_Judged("saturated", "high", 0.02, False, "{share} of pixels at 255"),),
    ),
    "low-contrast": _Kind(
        "Low-contrast slices",
        "warning",
        "have an unusually small spread of intensities",
        "Little can be seen on them, so their labels are learnt from noise and lower every score.",
        (_Judged("spread", "low", 0.1, True, "standard deviation {value:.1f} grey levels"),),
    ),
    "padded": _Kind(
        "Padded slices",
        "note",
        "have bars of one intensity on two opposite sides",
        "They were of another shape before import, often from another scanner or protocol. The network may learn the "
        "bars instead of the finding when one kind of patient has them more often.",
        (_Judged("bars", "high", 0.02, False, "bars over {share} of the edge"),),
    ),
    "mostly-background": _Kind(
        "Slices that are mostly background",
        "note",
        "show unusually little tissue",
        "Slices beyond the end of the head carry no finding and are easily told apart, which makes accuracy and the "
        "recall of no finding look better than they are.",
        (_Judged("tissue", "low", 0.1, True, "tissue on {share} of the slice"),),
    ),
    "odd-intensity": _Kind(
        "Slices of odd intensity",
        "warning",
        "are much darker or brighter than the rest, or have a bright background",
        "They were windowed otherwise or inverted; the network has seen hardly any like them, so its answers on them "
        "are guesses.",
        (
            _Judged("bright", "low", 0.05, True, "brightest tissue at {value:.0f} of 255"),
            _Judged("bright", "high", 0.05, True, "brightest tissue at {value:.0f} of 255"),
            _Judged("edge", "high", 4.0, False, "background at {value:.0f} of 255"),
        ),
    ),
}
_ADVICE = (
    "Look at them beside their source. Import them again with the right window or shape, or leave them out if they "
    "should not have been among the slices."
)


def intensity_findings(dataset: Dataset) -> tuple[Finding, ...]:
    """Blank slices, and those that are unlike the rest by one of the measures."""
    parts = [measures(chunk) for chunk in grey_chunks(dataset)]
    measured = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    shown = measured["range"] > BLANK_RANGE
    found = [_blank(np.flatnonzero(~shown), len(shown))]
    found += [_unlike(name, kind, measured, shown) for name, kind in _KINDS.items()]
    return tuple(one for one in found if one is not None)


def measures(slices: np.ndarray) -> dict[str, np.ndarray]:
    """Name -> (n,) float32, measured on (n, H, W) float32 in 0-255.

    range: brightest less darkest. spread: standard deviation. saturated: share at 255. tissue: share above
    TISSUE_LEVEL. bright: 99th percentile. edge: median of the outermost pixels. bars: share of the rows at the upper
    and lower end that are of one intensity, less that of columns at the sides, without its sign.
    """
    flat = slices.reshape(len(slices), -1)
    last = max(1, flat.shape[1] // 100)
    edge = np.concatenate([slices[:, 0], slices[:, -1], slices[:, :, 0], slices[:, :, -1]], axis=1)
    rows, columns = (_bars(np.ptp(slices, axis=axis) == 0) for axis in (2, 1))
    return {
        "range": np.ptp(flat, axis=1),
        "spread": flat.std(axis=1),
        "saturated": (flat >= 255).mean(axis=1),
        "tissue": (flat > TISSUE_LEVEL).mean(axis=1),
        # A copy, because a view would keep all the sorted pixels.
        "bright": np.partition(flat, -last, axis=1)[:, -last].copy(),
        "edge": np.median(edge, axis=1),
        "bars": np.abs(rows - columns),
    }


def _bars(flat: np.ndarray) -> np.ndarray:
    """(n,) share of lines at both ends that are of one intensity. flat: (n, lines) bool."""
    every = flat.all(axis=1)
    ends = np.argmin(flat, axis=1) + np.argmin(flat[:, ::-1], axis=1)
    return np.where(every, 1.0, ends / flat.shape[1])


def robust_z(values: np.ndarray, side: Literal["low", "high"], floor: float) -> np.ndarray:
    """How far each value lies out on one side, in units of the spread on that side; negative on the other.

    values: (n,). floor: the least spread, in the values' units.
    """
    sign = 1 if side == "high" else -1
    outwards = sign * values
    middle, tail = np.percentile(outwards, (50, 90))
    return (outwards - middle) / max((tail - middle) / _TAIL, floor)


def _blank(rows: np.ndarray, slices: int) -> Finding | None:
    if not len(rows):
        return None
    return Finding(
        name="blank",
        title="Blank slices",
        severity="warning",
        count=len(rows),
        of="slices",
        summary=f"{words.count(len(rows))} of {words.count(slices)} slices are of one intensity all over.",
        meaning="There is nothing to see, and no finding on them is right at no cost: it makes accuracy look better. "
        "With a label, they teach that nothing at all is a finding.",
        advice="Leave them out. They come from beyond the ends of a series, or from files that were not written fully.",
        rows=rows,
        excluded=rows,
    )


def _unlike(name: str, kind: _Kind, measured: dict[str, np.ndarray], shown: np.ndarray) -> Finding | None:
    """The slices beyond LIMIT by any measure of a kind, the farthest first; blank ones take no part."""
    kept = np.flatnonzero(shown)
    if not len(kept):
        return None
    scores = []
    for judged in kind.judged:
        values = measured[judged.measure][kept].astype(float)
        scores.append(robust_z(np.log(values + 1e-3) if judged.logarithm else values, judged.side, judged.floor))
    table = np.stack(scores)
    by, farthest = table.argmax(axis=0), table.max(axis=0)
    out = np.flatnonzero(farthest > LIMIT)
    out = out[np.argsort(-farthest[out], kind="stable")]
    if not len(out):
        return None
    rows = kept[out]
    return Finding(
        name=name,
        title=kind.title,
        severity=kind.severity,
        count=len(rows),
        of="slices",
        summary=f"{words.count(len(rows))} of {words.count(len(shown))} slices {kind.summary} "
        f"(more than {LIMIT:g} robust standard deviations from the median of the set).",
        meaning=kind.meaning,
        advice=_ADVICE,
        rows=rows,
        notes=tuple(
            _note(kind.judged[place], float(measured[kind.judged[place].measure][row]))
            for place, row in zip(by[out], rows, strict=True)
        ),
        excluded=np.sort(rows),
    )


def _note(judged: _Judged, value: float) -> str:
    return judged.note.format(value=value, share=words.percent(value))
