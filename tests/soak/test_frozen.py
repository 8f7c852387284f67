"""The short form of frozen.py."""

from soak.frozen import freeze_trainings


def test_a_training_that_wakes_up_too_late_is_refused(tmp_path):
    found = freeze_trainings(tmp_path, times=1, seed=0, seconds=0)
    assert found["wrong"] == []
    assert (found["frozen"], found["refused"], found["different"]) == (1, 1, 0)
    assert (found["wrong"], found["left"]) == ([], 0)
