"""Percentiles of more values than should be in memory at once: exact, from parts that are gone through three times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

_BINS = 2**16

Parts = Callable[[], Iterable[np.ndarray]]
"""Gives the same arrays of real numbers, of any shape, each time it is called."""


def percentiles(parts: Parts, at: Sequence[float]) -> list[float]:
    """The percentiles of all finite values, linear between neighbours, as NumPy's; [] where no value is finite.

    at: from 0 to 100. Values are counted in bins first, and then only those in the bins of the percentiles are kept,
    each different one once.
    """
    count, least, most = 0, np.inf, -np.inf
    for values in _finite(parts):
        count, least, most = count + values.size, min(least, values.min()), max(most, values.max())
    if not count or least == most:
        return [float(least)] * len(at) if count else []

    span = most * 0.5 - least * 0.5  # halves, whose difference cannot overflow

    def bins(values: np.ndarray) -> np.ndarray:
        share = (values * 0.5 - least * 0.5) / span if span else np.zeros(values.shape)
        return (share * (_BINS - 1)).astype(np.int64)

    held = np.zeros(_BINS, np.int64)
    for values in _finite(parts):
        held += np.bincount(bins(values), minlength=_BINS)
    places = np.asarray(at, float) / 100 * (count - 1)
    ranks = np.stack([np.floor(places), np.ceil(places)]).astype(np.int64)
    last = np.cumsum(held)  # the rank after the last of each bin
    chosen = np.zeros(_BINS, bool)
    chosen[np.searchsorted(last, ranks, side="right")] = True
    kept = [np.unique(values[chosen[bins(values)]], return_counts=True) for values in _finite(parts)]
    different = np.concatenate([values for values, _ in kept])
    order = np.argsort(different, kind="stable")
    passed_over = np.cumsum(np.where(chosen, 0, held))[np.searchsorted(last, ranks, side="right")]
    ends = np.cumsum(np.concatenate([number for _, number in kept])[order])
    low, high = different[order][np.searchsorted(ends, ranks - passed_over, side="right")]
    share = places - ranks[0]
    return [float(value) for value in low * (1 - share) + high * share]


def _finite(parts: Parts) -> Iterator[np.ndarray]:
    """(n,) float64 of the finite values of each part that has one."""
    for part in parts():
        values = np.asarray(part, np.float64).ravel()
        known = values[np.isfinite(values)]
        if known.size:
            yield known
