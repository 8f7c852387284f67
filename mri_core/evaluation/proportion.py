"""Intervals of shares: how sure a proportion is that was counted over a few slices."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from mri_core.evaluation.counts import ratio


def wilson(successes: ArrayLike, trials: ArrayLike, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bound of a share, each in [0, 1] and shaped like the input; NaN where there was no trial.

    successes, trials: counts of independent trials. Slices of one patient are not independent, so an interval over
    slices is a lower limit of the doubt. The score interval of E. B. Wilson, "Probable inference, the law of
    succession, and statistical inference" (1927).
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    successes, trials = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    share = ratio(successes, trials)
    middle = ratio(successes + z**2 / 2, trials + z**2)
    half = ratio(z * np.sqrt(share * (1 - share) * trials + z**2 / 4), trials + z**2)
    # At 0 and at all successes a bound is exact, which rounding would miss.
    low = np.where(successes == 0, 0.0, np.maximum(middle - half, 0))
    high = np.where(successes == trials, 1.0, np.minimum(middle + half, 1))
    return np.where(trials > 0, low, np.nan), np.where(trials > 0, high, np.nan)
