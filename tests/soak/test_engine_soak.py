"""The short form of engine.py."""

from soak.engine import TOGETHER, kill_engines, start_engines


def test_no_run_is_lost_with_its_engine_its_server_or_both(tmp_path):
    found = kill_engines(tmp_path, kills=len(TOGETHER), seed=1, hurry=True)
    assert found["killed"] and found["looks"] > 0
    assert (found["runs"], found["failed"], found["different"]) == (found["kills"] + 1, 0, 0)
    assert (found["problems on the page"], found["damage"], found["left"]) == ([], [], [])


def test_of_engines_that_start_at_once_one_serves(tmp_path):
    assert start_engines(tmp_path, engines=4) == {"started": 4, "ended well": 3, "serve": 1, "left": []}
