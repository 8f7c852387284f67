"""Decoding in fresh processes beside this one: in order, never far ahead, and past a file that ends its process.

They are started as programs, not forked: a web server's threads and libraries must not be copied in mid-flight. Each
hangs on one connection, and ends when this process closes it or dies.
"""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from multiprocessing import Pipe
from queue import SimpleQueue
from types import TracebackType

import numpy as np

from mri_core.datasets.importing.decoder import Outcome
from mri_core.datasets.importing.plan import Item, Plan
from mri_core.images import Preprocessing

_WORTH_ANOTHER = 500  # slices; fewer are decoded before a second process has started
_BLOCK_SLICES, _BLOCK_BYTES = 64, 2**23

# Not -m: what is pickled has to be known by its module's name on both sides.
_PROGRAM = "from mri_core.datasets.importing.decoder import main; main()"

Decoded = tuple[np.ndarray, list[Outcome]]


class Decoders:
    """Processes that decode for one import. Use as a context manager; leaving it ends them at once."""

    def __init__(self, image_shape: tuple[int, ...], preprocessing: Preprocessing, plan: Plan) -> None:
        self._image_shape, self._preprocessing = image_shape, preprocessing
        self._count = plan.at_once if plan.total >= _WORTH_ANOTHER else 1
        self._block = max(1, min(_BLOCK_SLICES, _BLOCK_BYTES // int(np.prod(image_shape))))
        self._children: list[_Child] = []
        self._idle: SimpleQueue[_Child] = SimpleQueue()
        self._threads = ThreadPoolExecutor(self._count)
        self._closing = False

    def __enter__(self) -> Decoders:
        for _ in range(self._count):
            child = _Child(self._image_shape, self._preprocessing)
            self._children.append(child)
            self._idle.put(child)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing = True
        for child in self._children:
            child.end()
        self._threads.shutdown(cancel_futures=True)

    def stream(self, items: Iterator[Item]) -> Iterator[tuple[list[Item], Decoded]]:
        """Blocks of items with what became of them, in the order of the items."""
        waiting: deque[tuple[list[Item], Future[Decoded]]] = deque()
        while True:
            while len(waiting) <= 2 * self._count and (block := list(islice(items, self._block))):
                waiting.append((block, self._threads.submit(self._decode, block)))
            if not waiting:
                return
            block, future = waiting.popleft()
            yield block, future.result()

    def _decode(self, block: Sequence[Item]) -> Decoded:
        child = self._idle.get()
        try:
            return self._ask(child, block)
        finally:
            self._idle.put(child)

    def _ask(self, child: _Child, block: Sequence[Item]) -> Decoded:
        """The child's answer. One that dies is started anew, and the file that it died of is found by halving."""
        try:
            return child.ask(block)
        except (EOFError, OSError):
            if self._closing:
                raise
        child.restart()
        if len(block) == 1:
            empty = np.empty((0, *self._image_shape), np.uint8)
            return empty, [f"{block[0].source}: reading it ended the reader; expected an undamaged file"]
        half = len(block) // 2
        parts = [self._ask(child, block[:half]), self._ask(child, block[half:])]
        return np.concatenate([pixels for pixels, _ in parts]), [one for _, outcomes in parts for one in outcomes]


class _Child:
    def __init__(self, image_shape: tuple[int, ...], preprocessing: Preprocessing) -> None:
        self._told = (image_shape, preprocessing)
        self._start()

    def ask(self, block: Sequence[Item]) -> Decoded:
        self._connection.send([item.place for item in block])
        return self._connection.recv()

    def restart(self) -> None:
        self.end()
        self._start()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._connection.close()

    def _start(self) -> None:
        self._connection, theirs = Pipe()
        descriptor = theirs.fileno()
        command = [sys.executable, "-c", _PROGRAM, str(descriptor)]
        self._process = subprocess.Popen(command, pass_fds=[descriptor], stdin=subprocess.DEVNULL)
        theirs.close()
        self._connection.send(self._told)
