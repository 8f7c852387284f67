"""The machine that a benchmark ran on: what decides its numbers, described and measured."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from mri_core.bench.session import Bench
from mri_core.errors import MriError

MATRIX_SIZE = 4096
FLAGS = (
    *("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16", "amx_int8"),
    *("asimd", "sve", "bf16"),
)
"""Of a processor's abilities, those that matrix products are faster for."""

PACKAGES = ("tensorflow", "keras", "numpy", "onnxruntime", "streamlit", "pandas", "pillow", "torch")
_CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Machine:
    """cores: that this process may use. memory_gb: of the machine. versions: of the packages that are installed.

    gflops: precision -> 10^9 operations a second of a 4096³ matrix product in TensorFlow, empty where it failed.
    """

    processor: str
    cores: int
    flags: tuple[str, ...]
    memory_gb: float
    system: str
    python: str
    versions: dict[str, str]
    gpus: tuple[str, ...]
    gflops: dict[str, float]
    problem: str = ""


def describe_machine(bench: Bench, matrix_size: int = MATRIX_SIZE) -> Machine:
    """Describe this machine, and measure its matrix product in a fresh process."""
    try:
        measured = bench.run("-m", "mri_core.bench.matrix_peak", matrix_size)
        gflops, gpus, problem = measured["gflops"], tuple(measured["gpus"]), ""
    except MriError as error:
        gflops, gpus, problem = {}, (), f"the matrix product could not be measured: {error}"
    cpuinfo = _CPUINFO.read_text() if _CPUINFO.exists() else ""
    return Machine(
        processor=processor_name(cpuinfo) or platform.processor() or platform.machine(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        flags=processor_flags(cpuinfo),
        memory_gb=psutil.virtual_memory().total / 1024**3,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        versions=installed_versions(),
        gpus=gpus,
        gflops=gflops,
        problem=problem,
    )


def machine_words(machine: Machine) -> str:
    """The machine in one paragraph."""
    flags = f" with {', '.join(machine.flags)}" if machine.flags else ""
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    gpus = f"GPUs: {', '.join(machine.gpus)}" if machine.gpus else "no GPU"
    peak = " and ".join(f"{value:,.0f} in {precision}" for precision, value in machine.gflops.items())
    measured = f"a {MATRIX_SIZE}³ matrix product runs at {peak} GFLOP/s" if peak else machine.problem
    return (
        f"{machine.processor}, {machine.cores} cores{flags}; {machine.memory_gb:.0f} GiB; {gpus}; {machine.system}; "
        f"Python {machine.python}, {versions}. In this run {measured}."
    )


def processor_name(cpuinfo: str) -> str:
    """From the text of /proc/cpuinfo, empty where it names none."""
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return found[1].strip() if found else ""


def processor_flags(cpuinfo: str) -> tuple[str, ...]:
    """Those of FLAGS that /proc/cpuinfo lists, in the order of FLAGS."""
    found = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    listed = set(found[1].split()) if found else set()
    return tuple(flag for flag in FLAGS if flag in listed)


def installed_versions() -> dict[str, str]:
    """Package -> version, of those of PACKAGES that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
