import os

import pytest

from mri_core.training import device
from mri_core.training.device import choose_device
from mri_core.training.spec import TrainingSpec


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_precision_asked_for_is_taken(precision: str) -> None:
    assert choose_device(TrainingSpec(precision=precision)).precision == precision


@pytest.mark.parametrize(
    ("flags", "precision"), [("fpu avx512f avx512_bf16", "bfloat16"), ("amx_bf16", "bfloat16"), ("avx512f", "float32")]
)
def test_automatic_follows_the_processor(tmp_path, monkeypatch, flags: str, precision: str) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t:\n")
    monkeypatch.setattr(device, "CPU_INFO", told)
    chosen = choose_device(TrainingSpec())
    assert chosen.precision == precision and chosen.name.startswith("CPU, ")


def test_float32_where_the_processor_is_not_described(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(device, "CPU_INFO", tmp_path / "missing")
    assert choose_device(TrainingSpec()).precision == "float32"


def test_processors_are_counted_where_the_system_tells_none_of_a_process(monkeypatch) -> None:
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.delattr("psutil.Process.cpu_affinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    assert choose_device(TrainingSpec()).name == "CPU, 7 threads"


def test_a_process_that_may_run_on_one_processor_counts_one(monkeypatch) -> None:
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert choose_device(TrainingSpec()).name == "CPU, 1 thread"
