"""The short form of kills.py."""

from soak.kills import kill_trainings


def test_a_training_killed_at_random_instants_comes_to_the_same_bits(tmp_path):
    found = kill_trainings(tmp_path, kills=12, seed=0)
    assert (found["kills"], found["different"]) == (12, 0)
    assert found["resumed"] > 0
