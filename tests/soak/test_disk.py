"""The short form of disk.py."""

import os

import pytest

from soak.disk import by_kind, fail_calls, fail_trainings, spread
from soak.faults import COMPILER, compile_library

if COMPILER is None and not os.environ.get("CI"):
    pytest.skip("there is no C compiler here; install Debian's package gcc", allow_module_level=True)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return compile_library(tmp_path_factory.mktemp("library"))


def test_calls_fail_in_words_and_damage_nothing(tmp_path, library):
    found = fail_calls(tmp_path, library, every=20)
    assert found["wrong"] == []
    assert all(number >= 2 for number in found["tried"].values())


def test_trainings_come_to_the_same_bits_once_there_is_room(tmp_path, library):
    home = tmp_path / "home"
    home.mkdir()
    found = fail_trainings(home, library, of_each=1, every=61)
    assert found["wrong"] == [] and found["trainings"] >= 1


def test_of_each_kind_of_write_the_first_and_the_last_are_tried():
    made = [f"create /h/checkpoints/.{name}.checkpoint" for name in ("0123456789abcdef", "fedcba9876543210")]
    did = [made[0], *["write /h/mlflow.db"] * 3, made[1]]
    kinds = by_kind([f"{number} works {what}" for number, what in enumerate(did, 1)])
    assert kinds == {"create checkpoints/..checkpoint": [1, 5], "write h/mlflow.db": [2, 3, 4]}
    assert [spread(range(10, 20), most) for most in (1, 2, 3, 50)] == [[10], [10, 19], [10, 14, 19], [*range(10, 20)]]
