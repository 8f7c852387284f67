"""Is one run right where the other is wrong more often than the reverse? McNemar's test, and its form for patients.

McNemar, "Note on the sampling error of the difference between correlated proportions or percentages" (1947), with the
continuity correction of Edwards (1948), takes slices as independent. Slices of one patient are not, and the test then
finds differences that are not there. For them: Obuchowski, "On the comparison of correlated proportions for clustered
data" (1998), which needs no assumption about how slices of one patient depend on each other; beside Durkalski et al.,
"Analysis of clustered matched-pair data" (2003), it weighs slices equally, as the scores of a report do.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

FEW = 25
"""Below so many discordant slices (or patients) the chi-squared distribution is replaced by the exact one."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class McNemar:
    """only_a, only_b: slices that only the one run gets right. statistic: chi-squared with one degree of freedom, NaN
    for an exact test. p_value: two-sided."""

    only_a: int
    only_b: int
    statistic: float
    p_value: float
    method: str


def mcnemar_test(only_a: int, only_b: int) -> McNemar:
    """The test for independent slices."""
    discordant = only_a + only_b
    if discordant < FEW:
        return McNemar(only_a, only_b, np.nan, _sign_flips(np.ones(discordant, dtype=int), only_b - only_a), "exact")
    statistic = max(abs(only_a - only_b) - 1, 0) ** 2 / discordant
    return McNemar(only_a, only_b, statistic, _chi_squared(statistic), "chi-squared with continuity correction")


def clustered_mcnemar_test(only_a: ArrayLike, only_b: ArrayLike) -> McNemar:
    """The test for slices of patients. only_a, only_b: (patients,) int, one entry for every patient.

    With few discordant patients it is exact: under no difference, the runs' names could be swapped within any patient,
    and all such swaps are counted. With one slice a patient, that is McNemar's exact test.
    """
    only_a, only_b = np.asarray(only_a, dtype=int), np.asarray(only_b, dtype=int)
    totals, surplus = (int(only_a.sum()), int(only_b.sum())), only_b - only_a
    discordant = np.abs(surplus[surplus != 0])
    if len(discordant) < FEW:
        return McNemar(*totals, np.nan, _sign_flips(discordant, int(surplus.sum())), "exact by patient")
    patients = len(surplus)
    statistic = float((patients - 1) / patients * surplus.sum() ** 2 / np.square(surplus).sum())
    return McNemar(*totals, statistic, _chi_squared(statistic), "Obuchowski's chi-squared by patient")


def holm(p_values: Mapping[Key, float]) -> dict[Key, float]:
    """p-values adjusted for being many, so that the chance of any false alarm stays at its level.

    Holm, "A simple sequentially rejective multiple test procedure" (1979). NaN (no test) stays NaN and does not count.
    """
    tested = sorted(
        (value, position, key) for position, (key, value) in enumerate(p_values.items()) if not np.isnan(value)
    )
    adjusted, highest = dict(p_values), 0.0
    for done, (value, _, key) in enumerate(tested):
        highest = max(highest, min(1.0, value * (len(tested) - done)))
        adjusted[key] = highest
    return adjusted


def _sign_flips(sizes: np.ndarray, observed: int) -> float:
    """Chance that a sum of these sizes with random signs lies at least as far from 0 as observed."""
    chances = np.ones(1)  # of the sum of the positive ones being 0, 1, 2, ...
    for size in sizes:
        grown = np.zeros(len(chances) + size)
        grown[: len(chances)] += chances / 2
        grown[size:] += chances / 2
        chances = grown
    sums = 2 * np.arange(len(chances)) - sizes.sum()
    return min(1.0, float(chances[np.abs(sums) >= abs(observed)].sum()))


def _chi_squared(statistic: float) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(1, statistic))
