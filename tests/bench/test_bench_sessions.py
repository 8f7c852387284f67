"""The people of the load test: a tab that has no browser, against a real server; and what becomes of their log."""

from __future__ import annotations

import asyncio
import random

import numpy as np
import pytest
from bench_support import TINY

from mri_core.bench.session import Bench, find_checkout
from mri_core.datasets.dataset import open_dataset
from mri_core.runs.store import RunStore


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(find_checkout() / "benchmarks"))
    import sessions_load

    return sessions_load


def test_somebody_browses_and_predicts(load, trained) -> None:
    bench = Bench(find_checkout(), trained.settings, TINY, 1, 0, "none")
    dataset, run = open_dataset("demo", trained.settings), RunStore(trained.settings).get(trained.run_id)
    log = load.Log()

    async def look(place: str) -> None:
        person = load.Person(log, place, dataset, run, 0.01, random.Random(0))
        tab = load.Tab(place)
        await tab.open()
        await person._open(tab, "browse", label="label 1")
        assert len(tab.page.pictures) == 30 == log.pictures
        await person._open(tab, "browse", label="label 1")
        assert log.pictures == 30  # a browser has them already
        await person._predict(tab)
        await person._open(tab, "no such page")
        await tab.close()

    with load.dashboard(bench) as (server, place):
        asyncio.run(look(place))
        assert server.is_running()
    assert [what for _, what, _ in log.times] == [
        "browse", "browse", "predict", load.UPLOAD, "prediction", "no such page",
    ]  # fmt: skip
    assert [what for _, what in log.errors] == ["no such page: there is no such page"]
    assert all(seconds > 0 for *_, seconds in log.times)


def test_what_the_log_comes_to(load) -> None:
    log = load.Log()
    log.times = [(float(at), "browse", 0.1 * at) for at in range(1, 10)] + [(5.0, load.UPLOAD, 9.0)]
    log.server = [(float(at), 100.0 + max(0, at - 4), 50.0, 0.2 * at) for at in range(11)]
    found = load.summary([(what, took) for at, what, took in log.times if at >= 5])
    assert found["all"]["count"] == found["browse"]["count"] == 5 and found["all"]["p50"] == 0.7
    assert found[load.UPLOAD] == {"count": 1, "p50": 9.0, "p95": 9.0, "p99": 9.0, "max": 9.0}
    memory = load.memory(log, 2.0, 10.0)
    assert (memory["server_mb_after_warm_up"], memory["server_mb_at_the_end"]) == (100.0, 105.0)
    assert memory["growth"] == 0.05 and memory["reading_children_mb_at_the_end"] == 50.0
    assert load.cpu_ms_a_rerun(log, 5.0) == pytest.approx(200.0)  # one second for five reruns


def test_thoughts_are_exponential_and_none_is_endless(load) -> None:
    person = load.Person(load.Log(), "nowhere", None, None, 7.0, random.Random(0))
    thoughts = [person._thought() for _ in range(20_000)]
    assert np.mean(thoughts) == pytest.approx(7.0, rel=0.05) and np.median(thoughts) == pytest.approx(
        7 * np.log(2), rel=0.05
    )
    assert min(thoughts) > 0 and max(thoughts) <= 70.0
