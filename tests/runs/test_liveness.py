"""Dead processes are told from live ones, and their runs are settled."""

import json
import subprocess
import sys
from dataclasses import asdict, replace

import psutil
import pytest
from run_support import queue

from mri_core.errors import InvalidInput
from mri_core.runs.liveness import find_process, last_lines, process_of, read_engine, settle, stop
from mri_core.runs.run import Process
from mri_core.runs.store import RunStore
from mri_core.settings import Settings

ME = process_of()


@pytest.fixture(scope="module")
def dead() -> Process:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = process_of(child.pid)
    child.communicate()
    return process


def test_this_process_is_alive():
    assert find_process(ME).pid == ME.pid


def test_the_dead_the_reused_and_the_distant_are_not(dead):
    for process in (dead, replace(ME, started=ME.started - 60), replace(ME, host="elsewhere")):
        assert find_process(process) is None


def test_a_zombie_is_dead():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = process_of(child.pid)
    child.stdin.close()
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert find_process(process) is None
    child.wait()


def started(store, process) -> str:
    run_id = queue(store)
    store.start(run_id, process, 1)
    return run_id


def test_a_run_whose_process_is_gone_has_failed_with_the_end_of_its_log(store, dead):
    run_id = started(store, dead)
    (store.get(run_id).folder / "log.txt").write_text("\n".join(f"step {i}" for i in range(100)))
    run = settle(store, store.get(run_id))
    assert run.status == "failed"
    reason, *log = run.error.splitlines()
    assert "process is gone" in reason
    assert log == [f"step {i}" for i in range(85, 100)]


def test_runs_that_may_be_alive_are_left_alone(store, dead):
    for run_id in (queue(store), started(store, ME), started(store, replace(dead, host="elsewhere"))):
        run = store.get(run_id)
        assert settle(store, run) == run


def test_a_run_that_an_engine_looks_after_is_left_to_it(store, dead):
    run = store.get(started(store, dead))
    elsewhere = RunStore(Settings(home=store.settings.home, scheduler="tls://cluster:8786"))
    assert settle(elsewhere, run).status == "running"
    store.settings.engine.mkdir()
    file = store.settings.engine / "engine.json"
    file.write_text(json.dumps({"process": asdict(ME)}))
    assert settle(store, run).status == "running"
    file.write_text(json.dumps({"process": asdict(dead)}))
    assert settle(store, run).status == "failed"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"process": {"pid": 1}}', '{"process": 3}'])
def test_a_damaged_engine_file_means_no_engine(settings, text):
    settings.engine.mkdir()
    (settings.engine / "engine.json").write_text(text)
    assert read_engine(settings) is None


def test_stop_ends_a_queued_run_asks_a_running_one_and_explains_the_rest(store, dead):
    assert stop(store, queue(store)).status == "stopped"
    running = stop(store, started(store, ME))
    assert (running.status, running.stop_requested) == ("running", True)
    with pytest.raises(InvalidInput, match="is failed already"):
        stop(store, started(store, dead))


def test_last_lines_are_few_short_and_never_fail(tmp_path):
    log = tmp_path / "log.txt"
    assert last_lines(log, 3) == []
    log.write_bytes(b"a\n\n" + b"x" * 1000 + b"\n\xff\n" * 2)
    assert [len(line) for line in last_lines(log, 3)] == [400, 1, 1]
