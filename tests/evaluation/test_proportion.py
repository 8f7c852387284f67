"""Wilson intervals against SciPy's."""

import numpy as np
import pytest
from scipy.stats import binomtest

from mri_core.evaluation.proportion import wilson


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize(("successes", "trials"), [(0, 5), (5, 5), (1, 1), (3, 10), (50, 1000), (999, 1000)])
def test_the_interval_is_that_of_scipy(successes, trials, level):
    expected = binomtest(successes, trials).proportion_ci(level, method="wilson")
    low, high = wilson(successes, trials, level)
    assert (float(low), float(high)) == pytest.approx((expected.low, expected.high))


def test_arrays_and_nothing_tried():
    low, high = wilson([0, 0, 2], [0, 4, 2])
    assert np.isnan([low[0], high[0]]).all()
    assert low[1] == 0 and high[2] == 1
    assert 0 < high[1] < 1 and 0 < low[2] < 1
