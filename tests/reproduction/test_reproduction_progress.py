"""What counts as run, what is missing, and that calling again goes on where it ended."""

import threading

import pytest
from reproduction_support import SKILL, finish, queue

from mri_core.reproduction import progress
from mri_core.reproduction.progress import (
    configurations,
    read_standing,
    seconds_left,
    seconds_of,
    seconds_to_start,
    start_missing,
)
from mri_core.reproduction.study import CONFIGURATIONS
from mri_core.runs.liveness import process_of
from mri_core.runs.run import Progress
from mri_core.training.presets import make_spec

NAMES = ("cnn", "dense")


@pytest.fixture
def handed(monkeypatch) -> list[str]:
    """The ids of runs that were handed to the queue, which is not there."""
    ids: list[str] = []
    monkeypatch.setattr("mri_core.training.start.submit", lambda run_id, settings: ids.append(run_id))
    return ids


@pytest.fixture
def look(bench):
    return lambda names=NAMES, seeds=2: read_standing(bench.dataset.fingerprint, bench.store, names, seeds)


@pytest.fixture
def start(bench, handed):
    def started(names=NAMES, seeds=2):
        runs = list(start_missing(bench.dataset, bench.settings, names, seeds))
        assert handed[len(handed) - len(runs) :] == [run.id for run in runs]
        return [
            (next(n for n in names if CONFIGURATIONS[n].architecture == r.spec.architecture), r.spec.seed) for r in runs
        ]

    return started


def test_what_is_to_run() -> None:
    assert configurations() == tuple(CONFIGURATIONS) and len(configurations(presets_only=True)) == 6


def test_everything_is_missing_at_first_and_started_seed_by_seed(look, start) -> None:
    assert look().missing == [("cnn", 0), ("dense", 0), ("cnn", 1), ("dense", 1)]
    assert (look().complete, look().total, look().seeds, look().active) == (0, 4, 2, [])
    assert start() == [("cnn", 0), ("dense", 0), ("cnn", 1), ("dense", 1)]
    assert look().missing == [] and len(look().active) == 4
    assert start() == []


def test_only_what_is_missing_is_started(bench, look, start) -> None:
    finish(bench.store, bench.dataset, "cnn", 0)
    queue(bench.store, bench.dataset, "dense", 1)
    running = queue(bench.store, bench.dataset, "dense", 0)
    bench.store.start(running.id, process_of(), 1)
    assert look().missing == [("cnn", 1)] == start()
    assert look().complete == 1


@pytest.mark.parametrize("status", ["failed", "stopped"])
def test_what_failed_or_was_stopped_is_started_again_when_asked(bench, look, start, status: str) -> None:
    run = queue(bench.store, bench.dataset, "cnn")
    bench.store.finish(run.id, status)
    standing = look(("cnn",), 1)
    assert standing.missing == [("cnn", 0)] and standing.runs["cnn"][0].status == status
    assert start(("cnn",), 1) == [("cnn", 0)]
    assert look(("cnn",), 1).runs["cnn"][0].status == "queued"


def test_a_run_whose_predictions_are_gone_is_missing(bench, look) -> None:
    run = finish(bench.store, bench.dataset, "cnn")
    assert look(("cnn",), 1).missing == []
    (run.folder / "predictions.parquet").unlink()
    assert look(("cnn",), 1).missing == [("cnn", 0)]


def test_runs_count_wherever_they_were_started(bench, look) -> None:
    spec = make_spec("cnn", {"seed": "1"})
    elsewhere = bench.store.create(spec, "another name", bench.dataset.fingerprint, bench.dataset.label_names, "mine")
    assert look().runs["cnn"] == (None, bench.store.list()[0]) and elsewhere.id == look().active[0].id


@pytest.mark.parametrize("changes", [{"epochs": 21}, {"flips": "vertical"}, {"seed": 2}])
def test_other_settings_do_not_count(bench, look, changes: dict) -> None:
    spec = make_spec("cnn", changes)
    bench.store.create(spec, "demo", bench.dataset.fingerprint, bench.dataset.label_names)
    assert len(look().missing) == 4


def test_runs_on_other_data_do_not_count(bench, look) -> None:
    bench.store.create(CONFIGURATIONS["cnn"], "demo", "another fingerprint", bench.dataset.label_names)
    assert len(look().missing) == 4


def test_of_several_the_finished_one_is_taken(bench, look) -> None:
    done = finish(bench.store, bench.dataset, "cnn")
    queue(bench.store, bench.dataset, "cnn")
    bench.store.finish(queue(bench.store, bench.dataset, "cnn").id, "failed")
    assert [run.id for run in look().finished("cnn")] == [done.id]
    assert look().finished("unknown") == []


def test_a_run_whose_process_is_gone_is_found_out(bench, look) -> None:
    run = queue(bench.store, bench.dataset, "cnn")
    gone = process_of()
    bench.store.start(run.id, type(gone)(gone.host, gone.pid, gone.started - 1000), 1)
    assert look().runs["cnn"][0].status == "failed"


def test_two_that_start_at_once_start_each_run_once(bench, handed, look) -> None:
    def start() -> None:
        list(start_missing(bench.dataset, bench.settings, NAMES, 2))

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(handed) == len(set(handed)) == 4


def test_an_interrupted_start_goes_on(bench, handed, look) -> None:
    starting = start_missing(bench.dataset, bench.settings, NAMES, 2)
    next(starting)
    starting.close()
    assert len(look().missing) == 3
    assert len(list(start_missing(bench.dataset, bench.settings, NAMES, 2))) == 3


def test_time_is_estimated_from_the_same_configuration_or_the_same_network(bench, look) -> None:
    names = ("cnn", "cnn-poisson", "dense")
    assert seconds_to_start(look(names)) is None
    seconds = {name: finish(bench.store, bench.dataset, name).timing.seconds for name in ("cnn", "dense")}
    standing = look(names)
    assert {name: seconds_of(standing, name) for name in names} == {**seconds, "cnn-poisson": seconds["cnn"]}
    assert seconds_to_start(standing) == seconds["cnn"] + 2 * seconds["cnn"] + seconds["dense"]
    assert seconds_left(standing) == 0


def test_time_left_believes_a_run_under_way(bench, look) -> None:
    done = finish(bench.store, bench.dataset, "cnn", 0)
    queue(bench.store, bench.dataset, "cnn", 1)
    assert seconds_left(look()) == done.timing.seconds
    running = queue(bench.store, bench.dataset, "dense", 0)
    assert seconds_left(look()) is None
    bench.store.start(running.id, process_of(), 1)
    bench.store.log_progress(running.id, Progress(1, 20, 5, 10, 77.0, None, "training", 0.0))
    assert seconds_left(look()) == done.timing.seconds + 77


def test_a_large_reproduction_reads_the_store_once(bench, look, monkeypatch) -> None:
    for name in SKILL:
        queue(bench.store, bench.dataset, name)
    read = []
    monkeypatch.setattr(progress, "settle", lambda store, run: read.append(run) or run)
    assert len(look(tuple(SKILL), 3).missing) == 20 and len(read) == 10
