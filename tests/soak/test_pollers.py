"""The short form of pollers.py."""

from soak.pollers import poll_trainings


def test_nobody_who_reads_or_writes_meets_a_locked_database(tmp_path, monkeypatch):
    monkeypatch.setenv("MRI_THREADS", "1")
    found = poll_trainings(tmp_path, seconds=20)
    assert found["errors"] == [] and found["damage"] == [] and found["gaps"] == 0
    assert set(found["ended"]) == {"stopped"} and found["epochs written"] > 0
