"""Odd slices are found by name, a head's dark and small ends are not, and measures are what they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mri_core.datasets.dataset import Dataset
from mri_core.quality.intensities import intensity_findings, measures, robust_z

NOISE = np.random.default_rng(9).integers(0, 12, (64, 64))

FAULTS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "black": ("blank", lambda one: 0 * one),
    "one grey": ("blank", lambda one: 0 * one + 77),
    "overexposed": ("saturated", lambda one: np.clip(one * 5, 0, 255)),
    "flat": ("low-contrast", lambda one: one * 0.05 + 10),
    "bars above and below": ("padded", lambda one: np.concatenate([0 * one[:10], one[10:54], 0 * one[:10]])),
    "bars at the sides": ("padded", lambda one: np.concatenate([0 * one[:10], one[10:54], 0 * one[:10]]).T),
    "noise only": ("mostly-background", lambda _: NOISE),
    "inverted": ("odd-intensity", lambda one: 255 - one),
    "dark": ("odd-intensity", lambda one: one * 0.2),
}


def names_of(dataset: Dataset, row: int) -> set[str]:
    return {finding.name for finding in intensity_findings(dataset) if row in finding.rows}


def test_a_set_as_it_comes_from_the_scanner_has_no_odd_slices(clean: Dataset) -> None:
    assert intensity_findings(clean) == ()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_where_it_was_planted(made, clean: Dataset, fault: str) -> None:
    name, change = FAULTS[fault]
    pixels = np.array(clean.pixels[:400])
    middle = int(pixels.mean(axis=(1, 2)).argsort()[200])
    pixels[middle] = change(pixels[middle].astype(float)).astype(np.uint8)
    dataset = made(pixels, {"a": [0] * 400})
    assert name in names_of(dataset, middle)
    found = {row for finding in intensity_findings(dataset) for row in finding.rows.tolist()}
    assert found == {middle}


def test_a_black_background_is_normal(made, clean: Dataset) -> None:
    """Without its noise, as after skull stripping, a set has black bars of many widths at all sides."""
    pixels = np.array(clean.pixels[:400])
    pixels[pixels < 30] = 0
    found = {finding.name for finding in intensity_findings(made(pixels, {"a": [0] * 400}))}
    assert not found & {"blank", "padded", "low-contrast"}


def test_colour_slices_are_judged_by_the_mean_of_their_channels(made, clean: Dataset) -> None:
    pixels = np.repeat(clean.pixels[:100, :, :, np.newaxis], 3, axis=3)
    pixels[3] = 0
    [finding] = intensity_findings(made(pixels, {"a": [0] * 100}))
    assert (finding.name, finding.rows.tolist(), finding.excluded.tolist()) == ("blank", [3], [3])


def test_a_set_of_blank_slices_has_one_finding(made) -> None:
    [finding] = intensity_findings(made(np.full((4, 16, 16), 3, np.uint8), {"a": [0] * 4}))
    assert finding.name == "blank" and finding.count == 4


def test_measures_are_what_they_say() -> None:
    one = np.random.default_rng(0).integers(0, 200, (1, 20, 16)).astype(np.float32)
    one[0, :3], one[0, 0, :8], one[0, 19] = 255, 255, 9
    found = {name: values.item() for name, values in measures(one).items()}
    assert found["range"] == one.max() - one.min() and found["spread"] == pytest.approx(one.std())
    assert found["saturated"] == (one == 255).sum() / 320 and found["tissue"] == (one > 25).sum() / 320
    assert found["bars"] == pytest.approx(4 / 20)
    edge = [*one[0, 0], *one[0, -1], *one[0, :, 0], *one[0, :, -1]]
    assert found["edge"] == np.median(edge)
    assert (one > found["bright"]).mean() <= 0.02


def test_robust_scores_agree_with_standard_ones_on_normal_values_and_ignore_a_few_wild_ones() -> None:
    values = np.random.default_rng(0).normal(10, 2, 20_000)
    values[:50] = 1e6
    for side, sign in (("high", 1), ("low", -1)):
        assert robust_z(values, side, 0)[50:] == pytest.approx(sign * (values[50:] - 10) / 2, abs=0.15)
    assert robust_z(np.full(10, 3.0), "high", 0.5).tolist() == [0] * 10
