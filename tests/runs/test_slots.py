"""How many runs at once, and which GPU and how many threads each gets."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mri_core.errors import InvalidInput
from mri_core.runs import slots as module
from mri_core.runs.slots import THREADS, VISIBLE, gpus, slots, taken_slot, threads
from mri_core.settings import Settings

CORES = len(os.sched_getaffinity(0))
INFORMATION = "Model: \t\t NVIDIA A100\nIRQ:   \t\t 42\nGPU UUID: \t GPU-{}\nDevice Minor: \t {}\n"


@pytest.fixture(autouse=True)
def _no_gpus(monkeypatch, tmp_path):
    for name in (VISIBLE, "MRI_SLOTS", "MRI_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "GPUS", tmp_path / "gpus")


@pytest.fixture
def two_gpus(tmp_path):
    for number, name in enumerate(("0a1b-22", "0a1b-11")):
        folder = tmp_path / "gpus" / f"0000:0{number}:00.0"
        folder.mkdir(parents=True)
        (folder / "information").write_text(INFORMATION.format(name, number))
    return ["GPU-0a1b-22", "GPU-0a1b-11"]


def test_a_machine_trains_one_run_with_all_its_cores():
    assert (gpus(), slots(Settings()), threads(Settings())) == ([], 1, CORES)
    assert threads(Settings(slots=CORES)) == 1 == threads(Settings(slots=10 * CORES))


def test_a_run_that_says_how_many_cores_it_takes_has_as_many_threads(tmp_path):
    assert threads(Settings(), 3) == 3 and threads(Settings(threads=2), 3) == 2
    with taken_slot(Settings(), tmp_path, 3) as slot:
        assert set(slot.environment.values()) == {"3"}


def test_where_the_system_does_not_tell_which_cores_may_be_used_all_are(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.delattr("psutil.Process.cpu_affinity")
    assert threads(Settings()) == os.cpu_count()


def test_each_gpu_trains_a_run(two_gpus):
    assert gpus() == two_gpus and slots(Settings()) == 2
    assert threads(Settings()) == max(1, CORES // 2)


@pytest.mark.parametrize(("visible", "found"), [("1", ["1"]), ("3, GPU-8", ["3", "GPU-8"]), ("", []), ("-1", [])])
def test_gpus_that_are_not_to_be_used_are_not(two_gpus, monkeypatch, visible, found):
    monkeypatch.setenv(VISIBLE, visible)
    assert gpus() == found and slots(Settings()) == max(1, len(found))


def test_the_environment_decides(two_gpus, monkeypatch):
    monkeypatch.setenv("MRI_SLOTS", "4")
    monkeypatch.setenv("MRI_THREADS", "3")
    assert (slots(Settings()), threads(Settings())) == (4, 3)
    assert not {"MRI_SLOTS", "MRI_THREADS"} & Settings().environment().keys()  # another machine has its own


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
@pytest.mark.parametrize("name", ["MRI_SLOTS", "MRI_THREADS"])
def test_what_is_no_number_of_slots_is_said(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInput, match=rf"^{name} is '{value}', expected a whole number from 1$"):
        Settings()


def test_a_gpu_is_taken_for_as_long_as_its_process_lives(two_gpus, tmp_path):
    processes = []

    def started() -> str:
        with taken_slot(Settings(), tmp_path / "engine") as slot:
            environment = os.environ | slot.environment
            command = [sys.executable, "-S", "-c", f"import os; print(os.environ['{VISIBLE}'], flush=True); input()"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            processes.append(subprocess.Popen(command, env=environment, pass_fds=slot.files, **pipes))
        return processes[-1].stdout.readline().strip()

    try:
        assert [started(), started()] == two_gpus
        assert started() == two_gpus[0]  # one more than there are slots
        for process in processes[1:]:
            process.kill()
            process.wait()
        assert started() == two_gpus[1]
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_without_gpus_a_slot_is_its_threads(tmp_path):
    with taken_slot(Settings(threads=3), tmp_path / "engine") as slot:
        assert slot.environment == dict.fromkeys(THREADS, "3") and slot.files == ()
    assert not (tmp_path / "engine").exists()
