"""Workers listen while they have nothing to do, and hand in what a restarted scheduler has forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from run_support import wait_until

from mri_core.runs import listening
from mri_core.settings import Settings


@pytest.fixture
def begun(monkeypatch) -> list[Callable[[], object]]:
    """What would be done again and again."""
    actions: list[Callable[[], object]] = []
    monkeypatch.setattr(listening, "repeat", lambda seconds, action, over: actions.append(action))
    monkeypatch.setattr(listening, "_listened_for", set())
    return actions


def test_a_worker_listens_from_its_start(settings, begun, monkeypatch):
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    listening.dask_setup(None)
    monkeypatch.setenv("MRI_SCHEDULER", "tls://127.0.0.1:1")
    looked = []
    monkeypatch.setattr(listening, "revive", looked.append)
    listening.dask_setup(None)
    wait_until(lambda: begun)
    begun.pop()()
    assert not begun and [each.scheduler for each in looked] == [
        "tls://127.0.0.1:1"
    ]  # nobody listens to a local engine


def test_there_is_one_listener_a_home_whatever_its_runs_take(settings, begun):
    cluster = settings.model_copy(update={"scheduler": "tls://127.0.0.1:1"})
    for given in (cluster, cluster.taking("GPU=1"), cluster, Settings(home=settings.home / "b", scheduler="tls://a:1")):
        listening.begin_to_listen(given)
    assert len(listening._listened_for) == 2
    wait_until(lambda: len(begun) == 2)
