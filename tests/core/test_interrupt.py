"""Signals that come while the engine is at work: Ctrl-C must not wait for the end of a day."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

import ecgrt

RECORD = np.random.default_rng(3).normal(0, 200, 10_000).astype(np.float32)
#: A day at 300 Hz.
DAY = np.tile(RECORD.astype(np.int16), 24 * 3600 * 300 // RECORD.size)


@pytest.fixture
def ticking() -> Iterator[Callable[..., None]]:
    """Calls a function beside a fast clock, on whose fifth tick a handler raises.

    Ticks that nobody hears count as one: during a call that does not listen there is no fifth.
    """
    ticks = 0

    def handler(number: int, frame: FrameType | None) -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 5:
            raise KeyboardInterrupt  # as Python's own handler of Ctrl-C

    before = signal.signal(signal.SIGALRM, handler)

    def call(function: Callable[..., object], *args: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 1e-3, 1e-3)
        function(*args)

    yield call
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


#: Calls that take long.
CALLS: dict[str, Callable[[ecgrt.Classifier], object]] = {
    "predict_batch": lambda c: c.predict_batch([RECORD] * 3_000),
    "predict": lambda c: c.predict(DAY),
    "timeline": lambda c: c.timeline(ecgrt.Record("day", DAY, fs=300.0)),
    "stream": lambda c: c.stream(300).push(DAY),
}


@pytest.mark.parametrize(("call", "threads"), [("predict_batch", 1), *((c, 2) for c in CALLS)])
def test_a_handler_ends_a_call_and_the_classifier_goes_on(
    call: str, threads: int, plan: Path, ticking: Callable[..., None]
) -> None:
    classifier = ecgrt.Classifier(plan, threads=threads)
    with pytest.raises(KeyboardInterrupt):
        ticking(CALLS[call], classifier)
    signal.setitimer(signal.ITIMER_REAL, 0)
    first, second = classifier.predict_batch([RECORD, RECORD])
    np.testing.assert_array_equal(first.segment_probabilities, second.segment_probabilities)
    alone = ecgrt.Classifier(plan, threads=1).predict(RECORD)
    np.testing.assert_allclose(
        first.segment_probabilities, alone.segment_probabilities, rtol=0, atol=1e-6
    )
