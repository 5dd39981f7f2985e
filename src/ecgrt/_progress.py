"""Progress of a long loop, shown on the terminal and nowhere else."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterable, Iterator
from operator import length_hint
from typing import TypeVar

T = TypeVar("T")

#: Seconds between two lines where tqdm is not installed.
INTERVAL = 5.0


def track(iterable: Iterable[T], *, total: int | None = None, desc: str = "") -> Iterator[T]:
    """Yield the items of `iterable` and show on stderr how far it is.

    A bar where tqdm is installed, a plain line every few seconds where it is not, nothing at all
    where stderr is no terminal (a log file, a pipe, a test).

    Parameters
    ----------
    iterable
        What to go through; it is consumed one item at a time.
    total
        How many items there are; taken from `iterable` where that knows its length.
    desc
        A word or two for what is being done.

    Yields
    ------
    T
        The items, unchanged and in order.
    """
    if not sys.stderr.isatty():
        return iter(iterable)
    if total is None:
        total = length_hint(iterable) or None
    try:
        tqdm = importlib.import_module("tqdm").tqdm
    except ImportError:
        return _track_with_lines(iterable, total, desc)
    bar: Iterable[T] = tqdm(iterable, total=total, desc=desc, file=sys.stderr)
    return iter(bar)


def _track_with_lines(iterable: Iterable[T], total: int | None, desc: str) -> Iterator[T]:
    of_total = "" if total is None else f" of {total}"
    prefix = f"{desc}: " if desc else ""
    done = 0
    due = time.monotonic() + INTERVAL
    for item in iterable:
        yield item
        done += 1
        if time.monotonic() >= due:
            print(f"{prefix}{done}{of_total}", file=sys.stderr, flush=True)
            due = time.monotonic() + INTERVAL
    print(f"{prefix}{done}{of_total}, done", file=sys.stderr, flush=True)
