"""The process that reads inputs, confined as the one that reads strangers' files: an input that ends it has failed.

Before an input is read it is written to memory that the parent sees, so that the parent has it whatever happens next.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import sys
import time
from dataclasses import asdict, dataclass, field
from types import TracebackType

import numpy as np

from mri_core.errors import ImageError
from mri_core.images import Preprocessing, Slice, reader_process
from mri_core.images.confine import confine
from mri_core.images.limits import LIMITS
from tests.fuzzing.formats import FORMATS, LARGEST, Format
from tests.fuzzing.mutation import mutated

SEEN_BYTES = 16 + LARGEST
"""Of the memory that the parent sees: inputs begun, bytes of the present one, and these."""
READINGS = (
    *(Preprocessing(), Preprocessing(), Preprocessing(window="percentile", low=0)),
    *(Preprocessing(axis="coronal"), Preprocessing(axis="sagittal")),
)
_POOL = 4000
_QUICK = 0.01
"""Processor seconds that an input may take to be changed further: its children take as long."""
_LINE_CHARACTERS = 1000  # of an error


@dataclass(frozen=True)
class Job:
    """Inputs first, first + 1, … of a format, as many as `count` or as fit into `seconds`.

    interesting: inputs of earlier jobs to be changed further, in hexadecimal digits. given: read this and nothing else.
    """

    format: str
    seed: int
    first: int
    count: int
    seconds: float
    interesting: tuple[str, ...] = ()
    given: str | None = None


@dataclass
class Done:
    """How many inputs were read, and how many of them gave slices, were refused, or took too much memory.

    slowest: seconds on the clock. processor: seconds of this process. interesting: inputs that took a way through the
    readers that none had taken, in digits.
    """

    read: int = 0
    slices: int = 0
    refused: int = 0
    memory: int = 0
    slowest: float = 0.0
    processor: float = 0.0
    interesting: list[str] = field(default_factory=list)


def main() -> None:
    seen = mmap.mmap(int(sys.argv[1]), SEEN_BYTES)
    answers = os.fdopen(int(sys.argv[2]), "w")
    reader_process._load()
    confine()
    worker = _Worker(seen)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(asdict(worker.work(Job(**json.loads(line))))), file=answers, flush=True)


class _Worker:
    def __init__(self, seen: mmap.mmap) -> None:
        self._seen = seen
        self._begun = 0
        self._pools: dict[str, list[bytes]] = {}
        self._ways: set[tuple[object, ...]] = set()

    def work(self, job: Job) -> Done:
        kind = FORMATS[job.format]
        done = Done()
        if job.given is not None:
            self._read(kind, bytes.fromhex(job.given), READINGS[job.first % len(READINGS)], done)
            return done
        corpus = [path.read_bytes() for path in kind.seeds()]
        whole, pool = len(corpus), self._pools.setdefault(job.format, corpus)
        pool += [bytes.fromhex(one) for one in job.interesting]
        until, began = time.monotonic() + job.seconds, time.process_time()
        for number in range(job.first, job.first + job.count):
            rng = random.Random(job.seed * 2**40 + number)
            data = mutated(rng, pool, whole, kind)
            if self._read(kind, data, rng.choice(READINGS), done) and len(pool) < _POOL:
                pool.append(data)
                done.interesting.append(data.hex())
            if time.monotonic() > until:
                break
        done.processor = time.process_time() - began
        return done

    def _read(self, kind: Format, data: bytes, how: Preprocessing, done: Done) -> bool:
        """Read one input. Returns whether it took a new way, and quickly."""
        self._begun += 1
        self._seen[:8] = self._begun.to_bytes(8, "little")
        self._seen[8:16] = len(data).to_bytes(8, "little")
        self._seen[16 : 16 + len(data)] = data
        began, computed = time.monotonic(), time.process_time()
        way = _way(kind, data, how, done)
        computed = time.process_time() - computed
        done.read += 1
        done.slowest = max(done.slowest, time.monotonic() - began)
        new = (kind.name, *way) not in self._ways
        self._ways.add((kind.name, *way))
        return new and computed < _QUICK


def _way(kind: Format, data: bytes, how: Preprocessing, done: Done) -> tuple[object, ...]:
    """Read an input and say by which lines it was refused, or what kind of slices it gave. Anything else is raised."""
    try:
        slices = kind.read(data, f"input{kind.suffix}", how)
    except ImageError as error:
        text = str(error)
        assert text.isprintable() and 0 < len(text) < _LINE_CHARACTERS, repr(text)
        done.refused += 1
        return (*_lines(error.__traceback__), *_lines(error.__cause__ and error.__cause__.__traceback__))
    except MemoryError:  # the reading process refuses these too
        done.memory += 1
        return ("memory",)
    check(slices)
    done.slices += 1
    first = slices[0].pixels
    return ("slices", min(len(slices), 3), first.ndim, first.shape[0] > 64, first.shape[1] > 64, int(first.max()) >> 6)


def check(slices: list[Slice]) -> None:
    """Raise AssertionError unless these are slices as `Slice` promises, within the limits."""
    assert 0 < len(slices) <= LIMITS.slices, f"{len(slices)} slices"
    assert sum(one.pixels.shape[0] * one.pixels.shape[1] for one in slices) <= LIMITS.file_pixels, "pixels"
    for one in slices:
        pixels = one.pixels
        assert isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8, pixels
        assert pixels.ndim in (2, 3) and pixels.shape[2:] in ((), (3,)) and min(pixels.shape) > 0, pixels.shape
        assert pixels.shape[0] * pixels.shape[1] <= LIMITS.slice_pixels, pixels.shape
        assert one.source and one.source.isprintable(), repr(one.source)
        for text in (one.patient, one.series):
            assert text is None or (len(text) == 12 and int(text, 16) >= 0), repr(text)
        assert one.position is None or np.isfinite(one.position), one.position
        assert one.instance is None or isinstance(one.instance, int), repr(one.instance)
        assert isinstance(one.burned_in, bool), one.burned_in


def _lines(trace: TracebackType | None) -> list[object]:
    found: list[object] = []
    while trace is not None:
        found += (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


if __name__ == "__main__":
    main()
