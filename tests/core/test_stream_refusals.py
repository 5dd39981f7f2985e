"""Streams: what is refused, what an error leaves behind, threads."""

from __future__ import annotations

import copy
import pickle
import signal as signals
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stream_reference import FS, all_at_once, content, spoiled, told

import ecgrt


@pytest.fixture(scope="module")
def classifier() -> ecgrt.Classifier:
    return ecgrt.Classifier(threads=2)


@pytest.fixture(scope="module")
def signal(records: Path) -> Any:
    return spoiled(records)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fs": 3}, "fs is 3 Hz; it must be from 10"),
        ({"fs": 0}, "fs is 0 Hz; it must be from 10"),
        ({"fs": float("nan")}, "fs is nan Hz"),
        ({"unit": "volt"}, "unit is 'volt'"),
        ({"window": 0.2, "hop": 0.1}, "at least the model's shortest signal"),
        ({"window": 4000, "hop": 5}, "3600 s at most"),
        ({"window": float("nan")}, "3600 s at most"),
        ({"hop": 31}, "at most the window's 30 s"),
        ({"hop": 0}, "above 0"),
        ({"hop": 0.001}, "at least one sample"),
        ({"min_confidence": 2}, "from 0 to 1"),
    ],
)
def test_impossible_streams_are_refused(
    options: dict[str, Any], message: str, classifier: ecgrt.Classifier
) -> None:
    with pytest.raises(ValueError, match=message):
        classifier.stream(**{"fs": FS, **options})


@pytest.mark.parametrize(
    ("chunk", "error", "message"),
    [
        (np.zeros((5, 2)), ValueError, "take one with"),
        (np.float32(1), ValueError, "0 dimensions"),
        (["a"], TypeError, "integers or floats"),
        (np.ma.masked_equal([1.0, 2.0], 2), ValueError, "masked"),
        (None, TypeError, "integers or floats"),
    ],
)
def test_bad_chunks_change_nothing(
    chunk: Any, error: type[Exception], message: str, classifier: ecgrt.Classifier, signal: Any
) -> None:
    stream = classifier.stream(FS)
    stream.push(signal[:5000])
    with pytest.raises(error, match=message):
        stream.push(chunk)
    assert told(stream.push(signal[5000:7500])) == all_at_once(classifier, signal[:7500], FS)


def test_a_finished_stream_takes_no_more(classifier: ecgrt.Classifier, signal: Any) -> None:
    stream = classifier.stream(FS)
    stream.push(signal[:3000])
    assert not stream.finished
    (last,) = stream.finish()
    assert (last.start, last.end) == (0, 12)
    assert stream.finished
    assert stream.finish() == []
    for use in (lambda: stream.push(signal), lambda: stream.skip(1)):
        with pytest.raises(ValueError, match="the stream is finished; restart it"):
            use()
    assert stream.running() is not None


class StopError(Exception):
    """What the handler raises."""


def test_ctrl_c_leaves_the_stream_as_it_was(classifier: ecgrt.Classifier, signal: Any) -> None:
    stream = classifier.stream(FS)
    stream.push(signal[:5000])

    def handler(number: int, frame: Any) -> None:
        try:
            stream.running()
        except RuntimeError as error:
            raise StopError(str(error)) from error
        signals.setitimer(signals.ITIMER_REAL, 1e-3)  # once more, for it came before the work

    before = signals.signal(signals.SIGALRM, handler)
    try:
        signals.setitimer(signals.ITIMER_REAL, 1e-3)
        with pytest.raises(StopError, match="the stream is at work"):
            stream.push(np.tile(signal, 60))  # two hours
    finally:
        signals.setitimer(signals.ITIMER_REAL, 0)
        signals.signal(signals.SIGALRM, before)
    assert told(stream.push(signal[5000:7500])) == all_at_once(classifier, signal[:7500], FS)


def test_decisions_are_values(classifier: ecgrt.Classifier, signal: Any) -> None:
    (decision,) = classifier.stream(FS).push(signal[:7500])
    again = pickle.loads(pickle.dumps(decision))
    assert (again.start, again.end) == (0, 30)
    assert content(again.prediction) == content(decision.prediction)
    assert decision.to_dict()["label"] == decision.label
    assert repr(decision).startswith("Decision(start=0.0, end=30.0, prediction=Prediction(")
    for made in (ecgrt.Decision, ecgrt.Stream):
        with pytest.raises(TypeError, match="not made by hand"):
            made()


def test_a_stream_keeps_its_classifier(signal: Any) -> None:
    stream = ecgrt.Classifier(threads=1).stream(FS)
    assert len(stream.push(signal[:7500])) == 1
    assert repr(stream) == "<Stream: 30.0 s at 250.0 Hz, 30.0 s every 10.0 s>"
    with pytest.raises(TypeError, match="pickle"):
        copy.copy(stream)


def test_threads_take_turns_on_one_stream_and_not_on_several(
    classifier: ecgrt.Classifier, signal: Any
) -> None:
    shared, own = classifier.stream(FS), [classifier.stream(FS) for _ in range(4)]
    gap = np.full(500, np.nan)
    answers: list[Any] = [None] * 4

    def work(number: int) -> None:
        answers[number] = own[number].push(signal[:9000])
        for _ in range(8):
            shared.push(gap)
            shared.running()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = all_at_once(classifier, signal[:7500], FS)
    assert [told(answer) for answer in answers] == [expected] * 4
    assert shared.seconds == 4 * 8 * 2
