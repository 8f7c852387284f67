"""The short form of queue.py."""

from soak.queue import drain


def test_each_run_is_trained_once_in_order_by_one_engine_of_two(tmp_path, monkeypatch):
    monkeypatch.setenv("MRI_SLOTS", "4")
    found = drain(tmp_path, runs=40, rounds=1)
    assert found["runs"] == found["begun once"] == 40
    assert 1 < found["at once"] <= 4 and found["furthest from its place"] < 4
    assert found["engines that served"] == [1]
