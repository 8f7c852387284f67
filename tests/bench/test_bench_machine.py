"""What is said of the machine."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version

import numpy as np
import pytest
from bench_support import MACHINE, TINY, ScriptedBench

from mri_core.bench.machine import (
    describe_machine,
    installed_versions,
    machine_words,
    processor_flags,
    processor_name,
)
from mri_core.bench.session import find_checkout, own_settings
from mri_core.errors import MriError

X86 = "processor\t: 0\nmodel name\t: AMD EPYC 9R14\nflags\t\t: fpu fma avx512_bf16 avx2x\n\nprocessor\t: 1\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16\n"

CPUINFO = [(X86, "AMD EPYC 9R14", ("fma", "avx512_bf16")), (ARM, "", ("asimd", "bf16")), ("", "", ())]


@pytest.mark.parametrize(("text", "name", "flags"), CPUINFO)
def test_the_processor(text, name, flags):
    assert processor_name(text) == name and processor_flags(text) == flags


def test_the_machine_is_measured_in_a_process(tmp_path):
    def answer(*arguments):
        assert arguments == ("-m", "mri_core.bench.matrix_peak", "4096")
        return {"gflops": {"float32": 5.0}, "gpus": ["/GPU:0"]}

    bench = ScriptedBench(find_checkout(), own_settings(tmp_path), TINY, 1, 0, "none", answer=answer)
    machine = describe_machine(bench)
    assert machine.gflops == {"float32": 5.0} and machine.gpus == ("/GPU:0",) and machine.problem == ""
    assert machine.processor and machine.cores >= 1 and machine.memory_gb > 0.1
    assert machine.versions["numpy"] == np.__version__ and installed_versions()["keras"] == version("keras")


def test_a_machine_that_cannot_be_measured_is_described_all_the_same(tmp_path):
    def answer(*arguments):
        raise MriError("it ended")

    bench = ScriptedBench(find_checkout(), own_settings(tmp_path), TINY, 1, 0, "none", answer=answer)
    machine = describe_machine(bench)
    assert machine.gflops == {} and "could not be measured: it ended" in machine_words(machine)


def test_in_words():
    assert "no GPU" in machine_words(MACHINE) and "tensorflow 2.21.0" in machine_words(MACHINE)
    assert "GPUs: T4" in machine_words(replace(MACHINE, gpus=("T4",)))
