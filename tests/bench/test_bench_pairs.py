"""Sides take turns, and one that fails does not end the others."""

from __future__ import annotations

import pytest

from mri_core.bench.pairs import SECONDS, Quantity, Taken, compare, interleave
from mri_core.errors import MriError


def test_the_sides_take_turns():
    turns, shares = [], []
    sides = {name: lambda name=name: turns.append(name) or {"seconds": len(turns)} for name in ("ours", "a", "b")}
    taken = interleave(sides, 2, shares.append)
    assert turns == ["ours", "a", "b"] * 2
    assert [taken[name].numbers("seconds") for name in sides] == [(1, 4), (2, 5), (3, 6)]
    assert shares == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1])


def test_a_side_that_fails_has_had_its_last_turn():
    turns = []

    def fails_in_the_second_turn():
        turns.append("theirs")
        if len(turns) > 1:
            raise MriError("it ended\n  with status 1")
        return {"seconds": 7.0}

    taken = interleave({"ours": lambda: {"seconds": 1.0}, "theirs": fails_in_the_second_turn}, 4, lambda share: None)
    assert taken["ours"] == Taken(({"seconds": 1.0},) * 4)
    assert taken["theirs"] == Taken(({"seconds": 7.0},), "it ended with status 1") and len(turns) == 2
    found = compare("x", SECONDS, taken["ours"], "peer", taken["theirs"])
    assert found.ours == (1.0,) * 4 and found.ratios == (7.0,) and found.problem == "peer: it ended with status 1"


def test_a_fault_of_the_program_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        interleave({"ours": lambda: {"seconds": 1 / 0}}, 1, lambda share: None)


def test_a_quantity_is_taken_from_both_sides():
    rate = Quantity("rate", "images/s", "more")
    ours, theirs = Taken(({"rate": 6.0, "seconds": 1.0},)), Taken(({"rate": 2.0, "seconds": 1.0},))
    found = compare("steps", rate, ours, "peer", theirs)
    assert (found.name, found.unit, found.better, found.ratios) == ("steps", "images/s", "more", (3.0,))
    both = compare("steps", rate, Taken(problem="lost"), "peer", Taken(problem="gone"))
    assert both.ratios == () and both.problem == "ours: lost; peer: gone"
