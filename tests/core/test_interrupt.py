"""Signals that come while the engine is at work: Ctrl-C must not wait for the end of a day."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

import ecgrt
from ecgrt import _core

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


#: The same samples so fast that the network sees some minutes: all of the work is to open it.
FAST = {"fs": 100_000.0}
#: Calls that take long.
CALLS: dict[str, Callable[[ecgrt.Classifier], object]] = {
    "predict_batch": lambda c: c.predict_batch([RECORD] * 3_000),
    "predict": lambda c: c.predict(DAY),
    "timeline": lambda c: c.timeline(ecgrt.Record("day", DAY, fs=300.0)),
    "stream": lambda c: c.stream(300).push(DAY),
    "predict, opening": lambda c: c.predict(DAY, **FAST),
    "predict_batch, opening": lambda c: c.predict_batch([DAY, DAY, DAY], **FAST),
}
METADATA = json.dumps(ecgrt.Classifier().metadata)
#: Calls that take long and need no classifier.
PARTS: dict[str, Callable[[], object]] = {
    "find_beats": lambda: _core.find_beats(DAY, 300.0),
    "rhythm_features": lambda: _core.rhythm_features(DAY, 300.0),
    "preprocess": lambda: _core.preprocess(DAY, 300.0, metadata=METADATA),
    "band_pass": lambda: _core.band_pass(DAY, 0.5, 40.0, 300, 300.0),
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


@pytest.mark.parametrize("part", PARTS)
def test_a_handler_ends_what_needs_no_classifier(part: str, ticking: Callable[..., None]) -> None:
    with pytest.raises(KeyboardInterrupt):
        ticking(PARTS[part])


@pytest.fixture
def between() -> Iterator[Callable[..., int]]:
    """Calls a function, and another one within it, in a signal's handler; returns how often."""
    before = signal.getsignal(signal.SIGALRM)

    def call(inner: Callable[[], object], outer: Callable[[], object]) -> int:
        count = 0

        def handler(number: int, frame: FrameType | None) -> None:
            nonlocal count
            count += 1
            inner()
            signal.setitimer(signal.ITIMER_REAL, 1e-2)

        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 1e-2)
        outer()
        signal.setitimer(signal.ITIMER_REAL, 0)
        return count

    yield call
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_handler_may_find_beats_while_beats_are_found(between: Callable[..., int]) -> None:
    alone, found = _core.find_beats(DAY, 300.0), []
    assert between(
        lambda: _core.find_beats(RECORD, 300.0),
        lambda: found.append(_core.find_beats(DAY, 300.0)),
    )
    np.testing.assert_array_equal(found[0], alone)


def test_a_handler_may_use_another_stream(plan: Path, between: Callable[..., int]) -> None:
    classifier = ecgrt.Classifier(plan, threads=1)
    minutes = DAY[: 600 * 300]
    alone, found = classifier.stream(300).push(minutes), []
    other = classifier.stream(300)
    assert between(
        lambda: other.push(RECORD), lambda: found.extend(classifier.stream(300).push(minutes))
    )
    assert [d.start for d in found] == [d.start for d in alone]
    for disturbed, quiet in zip(found, alone, strict=True):
        np.testing.assert_array_equal(
            disturbed.prediction.segment_probabilities, quiet.prediction.segment_probabilities
        )
