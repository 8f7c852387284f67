"""The short form of disk.py."""

import os

import pytest

from soak.disk import fail_calls, fail_trainings
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
    found = fail_trainings(home, library, every=701)
    assert found["wrong"] == [] and found["trainings"] >= 1
