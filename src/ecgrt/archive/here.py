"""Blocks answered on this machine, by processes that each hold one classifier."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from .. import SignalWarning
from .._errors import describe
from .answers import Scorer, Table
from .blocks import Block
from .settings import Settings

#: How often in a row workers may die without a block answered between.
_DEATHS = 3
#: Blocks for each worker that are read ahead.
_AHEAD = 2

_scorer: Scorer | None = None
#: Why this process could not become a worker.
_fault: str | None = None


def answer_here(
    settings: Settings, blocks: Iterable[Block], workers: int
) -> Iterator[tuple[int, Table]]:
    """Yield the answers of blocks as they come, with the blocks' numbers.

    With one worker in this process, else in so many others. A worker that dies is replaced, and
    what it had in hand is answered again.

    Raises
    ------
    ChildProcessError
        If a worker cannot begin, or if they die again and again.
    """
    if workers > 1:
        yield from _in_processes(settings, blocks, workers)
        return
    scorer = Scorer(settings)
    for block in blocks:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SignalWarning)  # the rows tell
            table = scorer.answer(block)
        yield block.number, table


def _in_processes(
    settings: Settings, blocks: Iterable[Block], workers: int
) -> Iterator[tuple[int, Table]]:
    source, held, deaths = iter(blocks), dict[int, Block](), 0
    while True:
        pool = _pool(settings, workers)
        try:
            for answer in _through(pool, source, held, _AHEAD * workers):
                deaths = 0
                yield answer
            return
        except BrokenProcessPool:
            _unblock(pool)
            deaths += 1
            if deaths == _DEATHS:
                raise ChildProcessError(
                    f"worker processes were killed {deaths} times in a row; if the memory is too "
                    "small, fewer --workers need less"
                ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def _through(
    pool: ProcessPoolExecutor, source: Iterator[Block], held: dict[int, Block], most: int
) -> Iterator[tuple[int, Table]]:
    """Answer what is held, then what comes; `held` is what has no answer yet."""
    futures = {pool.submit(_answer, block): number for number, block in held.items()}
    while True:
        while len(futures) < most and (block := next(source, None)) is not None:
            held[block.number] = block
            futures[pool.submit(_answer, block)] = block.number
        if not futures:
            return
        for future in wait(futures, return_when=FIRST_COMPLETED).done:
            table = future.result()
            number = futures.pop(future)
            del held[number]
            yield number, table


def _pool(settings: Settings, workers: int) -> ProcessPoolExecutor:
    # A process that is forked would share locks with threads that it does not have.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, _begin, (settings,))


def _unblock(pool: ProcessPoolExecutor) -> None:
    """Let a pool end whose workers have died.

    Python before 3.11.5 waits for ever until they have read what is on its way to them
    (https://github.com/python/cpython/issues/94777), for it has the pipe's other end open itself.
    """
    if sys.version_info < (3, 11, 5):
        pool._call_queue._reader.close()  # type: ignore[attr-defined]


def _begin(settings: Settings) -> None:
    """Make this process a worker.

    Where that fails its first answer tells why: the pool would keep it to itself.
    """
    global _scorer, _fault
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which ends its workers
    warnings.simplefilter("ignore", SignalWarning)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _scorer = Scorer(settings)
    except Exception as error:  # noqa: BLE001 (whatever a plan leads to)
        _fault = describe(error)


def _end_with_parent() -> None:
    """Leave nothing running where the run itself was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _answer(block: Block) -> Table:
    if _scorer is None:
        raise ChildProcessError(f"a worker process cannot begin: {_fault}")
    return _scorer.answer(block)
