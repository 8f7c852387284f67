"""A whole benchmark, of measurements that cost nothing."""

from __future__ import annotations

import pytest
from bench_support import FASTER, MACHINE, SLOWER, TINY

from mri_core.bench import bench as module
from mri_core.bench.bench import Order, chosen, run_bench
from mri_core.bench.session import FULL, QUICK
from mri_core.bench.table import MEASUREMENTS, Entry
from mri_core.errors import InvalidInput, MriError


@pytest.fixture
def run(monkeypatch):
    """Runs a benchmark of a table; returns the page, what was said and the progress."""
    monkeypatch.setattr(module, "describe_machine", lambda bench: MACHINE)

    def running(table, order=None, sizes=TINY):
        said, progress = [], []
        page = run_bench(order or Order(), said.append, lambda *at: progress.append(at), table, sizes)
        return page, said, progress

    return running


def entry(measure) -> Entry:
    return Entry(measure, quick=1, full=10)


def broken(error: Exception):
    def measure(bench):
        raise error

    return entry(measure)


def test_every_measurement_is_on_the_page(run):
    table = {"a": entry(lambda bench: [FASTER]), "b": entry(lambda bench: [SLOWER, FASTER])}
    page, said, progress = run(table, Order(command="mri bench --x"))
    assert page.measurements == (FASTER, SLOWER, FASTER) and page.machine is MACHINE and page.command == "mri bench --x"
    assert said == ["the machine", "1 of 2: a", "2 of 2: b"] and page.repeats == 5 and page.seconds >= 0
    assert [done for done, _ in progress] == sorted(done for done, _ in progress)
    assert progress[-1][0] == progress[-1][1] == 12 + 2 * 50


@pytest.mark.parametrize("error", [MriError("no\nroom"), OSError(28, "no room")])
def test_a_measurement_that_fails_does_not_lose_the_others(run, error):
    page, *_ = run({"a": entry(lambda bench: [FASTER]), "b": broken(error), "c": entry(lambda bench: [SLOWER])})
    assert page.measurements[0] == FASTER and page.measurements[2] == SLOWER
    assert page.measurements[1].name == "b" and "no room" in page.measurements[1].problem


def test_a_fault_of_the_program_is_not_hidden(run):
    with pytest.raises(ZeroDivisionError):
        run({"a": broken(ZeroDivisionError())})


ORDERS = [
    (Order(), 5, FULL),
    (Order(quick=True), 1, QUICK),
    (Order(quick=True, repeats=3), 3, QUICK),
    (Order(repeats=2, seeds=4, lent="nothing to lend"), 2, FULL),
]


@pytest.mark.parametrize(("order", "repeats", "sizes"), ORDERS)
def test_what_a_measurement_is_given(run, order, repeats, sizes):
    seen = []
    page, *_ = run({"a": entry(lambda bench: seen.append(bench) or [])}, order, sizes=None)
    (bench,) = seen
    assert (bench.repeats, bench.sizes, bench.seeds, bench.lent) == (repeats, sizes, order.seeds, order.lent)
    assert page.repeats == repeats and not bench.settings.root.exists()


def test_progress_within_a_measurement(run):
    def half_way(bench):
        bench.advance(0.5)
        return []

    *_, progress = run({"a": entry(half_way), "b": entry(half_way)}, Order(repeats=1))
    assert progress == [(17, 32), (22, 32), (27, 32), (32, 32)]


def test_choosing():
    assert list(chosen(())) == list(MEASUREMENTS)
    first, *_, last = MEASUREMENTS
    assert list(chosen((last, first))) == [first, last]
    with pytest.raises(InvalidInput, match=rf"no measurement 'trainings' \(did you mean 'training'\?\); .* {last}"):
        chosen(("trainings",))
