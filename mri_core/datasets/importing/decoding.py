"""Decoding in fresh processes beside this one: in order, never far ahead, and past a file that ends its process.

They are started as programs, not forked: a web server's threads and libraries must not be copied in mid-flight. Each
reads from one pipe, and ends when this process closes it or dies. What they send is checked, and never run.
"""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue
from types import TracebackType
from typing import BinaryIO, cast

import numpy as np

from mri_core.datasets.importing.child import end_child, start_child
from mri_core.datasets.importing.decoder import SECONDS
from mri_core.datasets.importing.messages import Decoded, receive_decoded, told_places
from mri_core.datasets.importing.plan import Item, Plan
from mri_core.images import Preprocessing
from mri_core.images.framing import send

_WORTH_ANOTHER = 500  # slices; fewer are decoded before a second process has started
_BLOCK_SLICES, _BLOCK_BYTES = 64, 2**23

_PROGRAM = "from mri_core.datasets.importing.decoder import main; main()"


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
        self._threads.shutdown(wait=False, cancel_futures=True)
        for child in self._children:
            child.end()
        self._threads.shutdown()

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
        """The child's answer. One that ends is started anew, and goes on with what it had not come to."""
        if not block:
            return np.empty((0, *self._image_shape), np.uint8), []
        if child.has_ended() and not self._closing:
            child.restart()
        try:
            return child.ask(block)
        except _Ended as ended:
            if self._closing:
                raise
            culprit = ended.place
        child.restart()
        ended_by = (
            f"{block[culprit].source}: reading it ended the reader or took longer than {SECONDS} seconds; "
            "expected an undamaged file"
        )
        before, behind = self._ask(child, block[:culprit]), self._ask(child, block[culprit + 1 :])
        return np.concatenate([before[0], behind[0]]), [*before[1], ended_by, *behind[1]]


class _Ended(Exception):
    """A child has gone, or sends what it should not. place: which of a block it was reading."""

    def __init__(self, place: int) -> None:
        super().__init__(f"at place {place}")
        self.place = place


class _Child:
    def __init__(self, image_shape: tuple[int, ...], preprocessing: Preprocessing) -> None:
        self._image_shape, self._preprocessing = image_shape, preprocessing
        self._start()

    def ask(self, block: Sequence[Item]) -> Decoded:
        begun = 0
        try:
            send(self._questions, {"places": told_places(item.place for item in block)})
            begun = len(self._answers.read(len(block)))
            if begun == len(block):
                return receive_decoded(self._answers, len(block), self._image_shape)
        except (EOFError, OSError) as error:
            raise _Ended(max(begun - 1, 0)) from error
        raise _Ended(max(begun - 1, 0))

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def restart(self) -> None:
        self.end()
        self._start()

    def end(self) -> None:
        end_child(self._process)

    def _start(self) -> None:
        self._process = start_child(_PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._questions, self._answers = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
        send(
            self._questions,
            {"image_shape": self._image_shape, "preprocessing": self._preprocessing.model_dump()},
        )
