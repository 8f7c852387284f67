"""A bench without processes, and measurements that cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mri_core.bench.bench import Page
from mri_core.bench.machine import Machine
from mri_core.bench.record import Goal, Measurement, missing
from mri_core.bench.session import Bench, Sizes

TINY = Sizes(slices=100, epochs=1, streamed=300, stream_seconds=1.0, browsed=400, files=5, calls=3, reruns=1, full=True)

MACHINE = Machine(
    processor="Abacus | 7",
    cores=3,
    flags=("fma", "amx_bf16"),
    memory_gb=15.6,
    system="Linux 6",
    python="3.11.2",
    versions={"tensorflow": "2.21.0"},
    gpus=(),
    gflops={"float32": 183.4, "bfloat16": 1728.0},
)

FASTER = Measurement(
    "training steps", "images/s", "more", (300.0, 200.0, 400.0), "plain", (100.0, 100.0, 100.0), (Goal("ratio", 2.5),)
)
SLOWER = Measurement("import", "s", "less", (4.0,), "loop", (1.0,), (Goal("ours", 2),))
MISSING = missing("torch", "not installed")


def page(*measurements: Measurement) -> Page:
    taken = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    return Page("mri bench --quick", taken, 71.0, 3, MACHINE, measurements or (FASTER, SLOWER, MISSING))


@dataclass(frozen=True)
class ScriptedBench(Bench):
    """Answers `run` with a function of its arguments instead of a process, and keeps what was asked."""

    answer: Callable[..., dict[str, Any]] = dict
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def run(self, *arguments: object) -> dict[str, Any]:
        self.asked.append(tuple(map(str, arguments)))
        return {"began": 100.0, "seconds": 2.0} | self.answer(*self.asked[-1])
