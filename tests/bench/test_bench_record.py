"""Ratios, spreads and goals of a measurement."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from bench_support import FASTER, MISSING, SLOWER

from mri_core.bench.record import Goal, Measurement, Spread, measurement_json, spread


def test_a_ratio_says_how_many_times_better_ours_is():
    assert FASTER.ratios == (3.0, 2.0, 4.0)
    assert SLOWER.ratios == (0.25,)


def test_only_whole_pairs_have_a_ratio():
    half = Measurement("x", "s", "less", (1.0, 2.0, 4.0), "peer", (3.0, 2.0))
    assert half.ratios == (3.0, 1.0)


def test_what_was_never_reached():
    races = Measurement("x", "s", "less", (math.inf, 2.0, math.inf), "peer", (3.0, math.inf, math.inf))
    assert races.ratios[:2] == (0.0, math.inf) and math.isnan(races.ratios[2])


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_a_spread_is_what_numpy_finds(count):
    numbers = np.random.default_rng(count).normal(size=count)
    assert spread(numbers.tolist()) == Spread(numbers.min(), np.median(numbers), numbers.max())


def test_no_numbers_no_spread():
    assert spread(()) is None


GOALS = [
    (FASTER, Goal("ratio", 3.0), True),
    (FASTER, Goal("ratio", 3.1), False),
    (FASTER, Goal("ours", 300.0), True),
    (FASTER, Goal("ours", 301.0), False),
    (SLOWER, Goal("ours", 4.0), True),
    (SLOWER, Goal("ours", 3.9), False),
    (SLOWER, Goal("ratio", 0.5), False),
    (MISSING, Goal("ratio", 1.0), None),
]


@pytest.mark.parametrize(("measurement", "goal", "reached"), GOALS)
def test_a_goal_is_judged_by_the_median(measurement, goal, reached):
    assert measurement.reaches(goal) is reached


def test_the_record_is_plain_json():
    never = Measurement("x", "s", "less", (math.inf,), "peer", (math.inf,), (Goal("ratio", 5),), "late")
    for measurement in (FASTER, SLOWER, MISSING, never):
        json.dumps(measurement_json(measurement), allow_nan=False)
    found = measurement_json(FASTER)
    assert found["name"] == "training steps" and found["unit"] == "images/s" and found["peer"] == "plain"
    assert found["ours"] == [300, 200, 400] and found["theirs"] == [100, 100, 100] and found["ratios"] == [3, 2, 4]
    assert found["spread"]["ratios"] == {"minimum": 2.0, "median": 3.0, "maximum": 4.0}
    assert found["goals"] == [{"of": "ratio", "bound": 2.5, "reached": True}]
    assert measurement_json(MISSING)["spread"] == {"ours": None, "theirs": None, "ratios": None}
    lost = measurement_json(never)
    assert lost["ours"] == [None] and lost["ratios"] == [None] and lost["goals"][0]["reached"] is None
