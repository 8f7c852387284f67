"""Requests that come while the model computes are answered together by its next pass."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from mri_core.images.slice import Slice
from mri_core.prediction.predictor import Prediction, Predictor

MOST_SLICES = 64
"""Slices of one pass; a volume that has more takes turns with the others."""


@dataclass(eq=False)
class _Request:
    slices: Sequence[Slice]
    answer: list[Prediction] | None = None


class Batcher:
    """Hands slices to a predictor, one pass at a time. Nothing waits for company: a lone request goes at once."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._waiting: list[_Request] = []
        self._turn = asyncio.Lock()
        # A thread of its own: among those that read files a pass would wait until a file has been read.
        self._thread = ThreadPoolExecutor(1, "predicting")

    async def predict(self, slices: Sequence[Slice]) -> list[Prediction]:
        """As `Predictor.predict`."""
        parts = [slices[start : start + MOST_SLICES] for start in range(0, len(slices), MOST_SLICES)]
        return [one for part in parts for one in await self._in_turn(part)]

    async def _in_turn(self, slices: Sequence[Slice]) -> list[Prediction]:
        """Whoever's turn it is computes for all who wait."""
        own = _Request(slices)
        self._waiting.append(own)
        try:
            async with self._turn:
                if own.answer is None:
                    own.answer = await self._together(own)
        finally:
            if own in self._waiting:
                self._waiting.remove(own)
        return own.answer

    async def _together(self, own: _Request) -> list[Prediction]:
        batch, number = [own], len(own.slices)
        for other in self._waiting:
            if other is not own and number + len(other.slices) <= MOST_SLICES:
                batch.append(other)
                number += len(other.slices)
        self._waiting = [one for one in self._waiting if one not in batch]
        every = [one for request in batch for one in request.slices]
        pass_ = asyncio.get_running_loop().run_in_executor(self._thread, self._predictor.predict, every)
        found = iter(await pass_)
        for request in batch:
            request.answer = [next(found) for _ in request.slices]
        assert own.answer is not None
        return own.answer
