"""What a run computes on, and in which numbers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from mri_core.runs.slots import THREADS, cores
from mri_core.training.spec import TrainingSpec

CPU_INFO = Path("/proc/cpuinfo")
_FLAGS = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True)
class Device:
    """name: such as "CPU, 2 threads". precision: "float32" or "bfloat16", what activations are computed in."""

    name: str
    precision: str


def choose_device(spec: TrainingSpec) -> Device:
    """The first GPU, or the processor; bfloat16 where it has instructions for it and the spec leaves the choice."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        able = details.get("compute_capability", (0, 0)) >= (8, 0)
        name = f"GPU, {details.get('device_name', 'of unknown kind')}"
    else:
        able = _processor_has_bfloat16()
        count = int(os.environ.get(THREADS[0]) or cores())
        name = f"CPU, {count} thread{'' if count == 1 else 's'}"
    precision = ("bfloat16" if able else "float32") if spec.precision == "auto" else spec.precision
    return Device(name, precision)


def _processor_has_bfloat16() -> bool:
    """Whether Linux names one of the flags; elsewhere float32 is the safe answer."""
    try:
        with CPU_INFO.open() as file:
            flags = next((line for line in file if line.startswith("flags")), "").split()
    except OSError:
        return False
    return any(flag in flags for flag in _FLAGS)
