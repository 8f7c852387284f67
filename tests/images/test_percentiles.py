"""Percentiles from parts against NumPy's of the whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mri_core.images.percentiles import percentiles

AT = (0, 0.5, 13.7, 50, 99.5, 100)
RANDOM = np.random.default_rng(0)

VALUES: dict[str, Callable[[], np.ndarray]] = {
    "whole numbers": lambda: RANDOM.integers(-500, 3000, 5000).astype(np.int16),
    "mostly background": lambda: np.append(np.zeros(4000), RANDOM.gamma(2, 100, 500)),
    "fractions": lambda: RANDOM.normal(size=4321).astype(np.float32),
    "one far away": lambda: np.append(RANDOM.normal(size=999), 1e30),
    "the largest there are": lambda: np.append(RANDOM.normal(size=50), [-1.7e308, 1.7e308]),
    "nearly nothing": lambda: RANDOM.integers(0, 3, 50) * 5e-324,
    "few": lambda: np.array([3.0, 1.0]),
    "one": lambda: np.array([7]),
    "all the same": lambda: np.full(100, 5, np.uint8),
    "the smallest differences": lambda: 1 + RANDOM.integers(0, 5, 100) * np.finfo(float).eps,
}


@pytest.mark.parametrize("parts", [1, 3, 50])
@pytest.mark.parametrize("kind", VALUES)
def test_parts_give_the_percentiles_of_the_whole(kind: str, parts: int) -> None:
    values = VALUES[kind]()
    found = percentiles(lambda: np.array_split(values, parts), AT)
    np.testing.assert_allclose(found, np.percentile(values.astype(float), AT), rtol=1e-12, atol=1e-12)


def test_what_is_no_number_does_not_count() -> None:
    values = np.array([np.nan, 1, 2, np.inf, 3, -np.inf])
    assert percentiles(lambda: [values[:1], values[1:4], values[4:]], (0, 50, 100)) == [1, 2, 3]
    assert percentiles(lambda: [values[:1]], (0, 50)) == []
    assert percentiles(lambda: [], (50,)) == []
