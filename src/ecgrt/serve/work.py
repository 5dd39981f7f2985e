"""Computing beside the event loop: so many requests at a time, so many waiting, so long each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from .limits import Limits
from .metrics import Metrics
from .records import RefusalError

T = TypeVar("T")


class Workers:
    """Threads that compute answers; the core works without Python's lock."""

    def __init__(self, limits: Limits, metrics: Metrics) -> None:
        self._limits = limits
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(limits.workers, thread_name_prefix="ecgrt")
        self._inside = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns.

        Raises
        ------
        RefusalError
            503 if too many wait already, 504 if it takes too long.
        """
        if self._inside >= self._limits.workers + self._limits.waiting:
            raise RefusalError(503, "too many requests are waiting; try again in a moment")
        future = self._threads.submit(work)
        self._count(1)
        # It counts until it is done: who does not wait for it any more still has it computed.
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._count, -1))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._limits.answer_seconds)
        except asyncio.TimeoutError:
            most = self._limits.answer_seconds
            raise RefusalError(504, f"the answer took longer than {most:g} s") from None

    def _count(self, change: int) -> None:
        self._inside += change
        self._metrics.working.set(self._inside)

    def close(self) -> None:
        """Let nothing more begin."""
        self._threads.shutdown(wait=False, cancel_futures=True)
