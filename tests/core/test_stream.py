"""Streams: the same decisions however the signal is cut, and what they do with bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_ecg import beat_times, make_ecg
from stream_reference import FS, all_at_once, content, cut, spoiled, told

import ecgrt


@pytest.fixture(scope="module")
def classifier() -> ecgrt.Classifier:
    return ecgrt.Classifier(threads=2)


@pytest.fixture(scope="module")
def signal(records: Path) -> Any:
    return spoiled(records)


@pytest.mark.filterwarnings("ignore::ecgrt.SignalWarning")
@pytest.mark.parametrize("sizes", [[1 << 20], [7], [250, 0, 3], [4000], [7400, 12000, 1], [2500]])
def test_chunks_do_not_matter(sizes: list[int], classifier: ecgrt.Classifier, signal: Any) -> None:
    stream = classifier.stream(FS)
    found, beats = [], []
    for chunk in cut(signal, sizes):
        found += stream.push(chunk)
        beats += stream.beats.tolist()
    found += stream.finish()
    beats += stream.beats.tolist()
    assert told(found) == all_at_once(classifier, signal, FS)
    whole = classifier.stream(FS)
    whole.push(signal)
    expected = whole.beats.tolist()
    whole.finish()
    assert beats == expected + whole.beats.tolist()
    assert stream.seconds == pytest.approx(126.3)


@pytest.mark.filterwarnings("ignore::ecgrt.SignalWarning")
@pytest.mark.parametrize("dtype", ["i2", "i4", "f4", "f8", ">f4", "i8"])
@pytest.mark.parametrize("rate", [FS, 300.0, 361.7])
def test_every_type_and_rate(
    dtype: str, rate: float, classifier: ecgrt.Classifier, signal: Any
) -> None:
    x = np.where(signal == np.iinfo(np.int16).min, 5, signal)[: round(47 * rate)].astype(dtype)
    leads = np.stack([x, x], axis=1)
    stream = classifier.stream(rate)
    found = [one for chunk in cut(leads, [1234]) for one in stream.push(chunk[:, 1])]
    assert told(found + stream.finish()) == all_at_once(classifier, x, rate)


@pytest.mark.filterwarnings("ignore::ecgrt.SignalWarning")
def test_types_may_change(classifier: ecgrt.Classifier, signal: Any) -> None:
    kinds = ["i2", "f4", "i4", "f8", "i2"]
    stream = classifier.stream(FS)
    found = []
    for chunk, kind in zip(np.array_split(signal, 5), kinds, strict=True):
        values = (
            np.where(chunk == np.iinfo(np.int16).min, np.nan, chunk) if kind[0] == "f" else chunk
        )
        found += stream.push(values.astype(kind))
    found += stream.finish()
    expected = np.where(signal == np.iinfo(np.int16).min, np.nan, signal)
    for one, (start, end, _) in zip(found, all_at_once(classifier, expected, FS), strict=True):
        same = classifier.predict(expected[round(start * FS) : round(end * FS)], FS)
        assert (one.start, one.end) == (start, end)
        assert np.array_equal(one.prediction.probabilities, same.probabilities)


@pytest.mark.filterwarnings("ignore::ecgrt.SignalWarning")
@pytest.mark.parametrize(("window", "hop"), [(30, 30), (12.5, 0.7), (60, 10), (5, 5)])
def test_other_windows(
    window: float, hop: float, classifier: ecgrt.Classifier, signal: Any
) -> None:
    stream = classifier.stream(FS, window=window, hop=hop)
    found = [one for chunk in cut(signal, [999]) for one in stream.push(chunk)]
    expected = all_at_once(classifier, signal, FS, window, hop)
    assert told(found + stream.finish()) == expected


def test_old_models_stream_too(plan: Path, signal: Any) -> None:
    """A model without a signal block, which sees rails as they are."""
    classifier = ecgrt.Classifier(plan, threads=1)
    x = np.where(signal == np.iinfo(np.int16).min, 5, signal).astype(np.int16)[: round(60 * FS)]
    stream = classifier.stream(FS)
    found = [one for chunk in cut(x, [3000]) for one in stream.push(chunk)]
    assert told(found + stream.finish()) == all_at_once(classifier, x, FS)


@pytest.mark.parametrize("block", [True, False], ids=["signal block", "none"])
@pytest.mark.parametrize("later", ["i2", "i4", "f4", "f8"])
def test_the_lowest_integer_is_no_sample_whatever_comes_after_it(
    later: str, block: bool, classifier: ecgrt.Classifier, plan: Path, signal: Any
) -> None:
    model = classifier if block else ecgrt.Classifier(plan)
    x = np.where(signal == np.iinfo("i2").min, 5, signal)[: 47 * 300].astype("f4")
    x[[4000, 4001, 9100]] = np.nan
    stream = model.stream(300)
    head = np.where(np.isnan(x[:9200]), np.iinfo("i2").min, x[:9200]).astype("i2")
    found = stream.push(head) + stream.push(x[9200:].astype(later)) + stream.finish()
    expected = model.stream(300).push(x)
    for decision, right in zip(found, expected, strict=False):
        same = decision.prediction, right.prediction
        np.testing.assert_array_equal(*(p.segment_probabilities for p in same))
        assert same[0].quality.spans == same[1].quality.spans != ()
    assert len(expected) == 2


def test_units(classifier: ecgrt.Classifier, signal: Any) -> None:
    x = np.where(signal == np.iinfo(np.int16).min, 5, signal)[: round(40 * FS)] / 1000
    stream = classifier.stream(FS, "mV")
    (first, second) = stream.push(x)
    assert content(first.prediction) == content(classifier.predict(x[:7500], FS, unit="mV"))
    assert content(second.prediction) == content(classifier.predict(x[2500:], FS, unit="mV"))
    assert stream.finish() == []


def test_a_decision_falls_with_the_last_sample_of_its_window(
    classifier: ecgrt.Classifier, signal: Any
) -> None:
    stream = classifier.stream(FS)
    for first, end, decisions in ((0, 7499, 0), (7499, 7500, 1), (7500, 9999, 0), (9999, 10000, 1)):
        assert len(stream.push(signal[first:end])) == decisions


# -- what is there now


def test_running_answers_with_what_there_is(classifier: ecgrt.Classifier, signal: Any) -> None:
    stream = classifier.stream(FS)
    assert stream.running() is None
    stream.push(signal[:50])
    assert stream.running() is None
    stream.push(signal[50:750])
    early = stream.running()
    assert early is not None
    assert early.label is None
    assert "too_short" in early.prediction.quality.warnings
    stream.push(signal[750:2500])
    ten = stream.running()
    assert ten is not None
    assert (ten.start, ten.end) == (0, 10)
    assert content(ten.prediction) == content(classifier.predict(signal[:2500], FS))
    assert ten.label == ten.prediction.label is not None


@pytest.mark.filterwarnings("ignore::ecgrt.SignalWarning")
@pytest.mark.parametrize("size", [900, 2500, 12345])
def test_running_is_on_the_last_window(
    size: int, classifier: ecgrt.Classifier, signal: Any
) -> None:
    stream, other = classifier.stream(FS), classifier.stream(FS)
    found, end = [], 0
    for chunk in cut(signal, [size]):
        found += stream.push(chunk)
        end += len(chunk)
        now = stream.running()
        begin = max(end - 7500, 0)
        if end > 1000:
            assert now is not None
            assert (now.start, now.end) == (begin / FS, end / FS)
            assert content(now.prediction) == content(classifier.predict(signal[begin:end], FS))
    assert told(found) == told(other.push(signal))


# -- beats


def test_beats_are_those_of_the_whole_signal(classifier: ecgrt.Classifier) -> None:
    times = beat_times(190, 74)
    x = (1000 * make_ecg(times, 190, FS)).astype(np.float32)
    stream = classifier.stream(FS)
    found: list[float] = []
    for chunk in cut(x, [250]):
        stream.push(chunk)
        late = stream.seconds - stream.beats
        assert np.all((late >= 10) & (late <= 21) | (stream.seconds <= 30))
        found += stream.beats.tolist()
    assert found[-1] > 160
    stream.finish()
    found += stream.beats.tolist()
    assert np.allclose(found, times, atol=0.012)


@pytest.mark.parametrize("shift", np.linspace(-0.05, 0.05, 11))
def test_a_beat_on_the_border_of_two_windows_is_told_once(
    shift: float, classifier: ecgrt.Classifier
) -> None:
    times = 1.0 + shift + np.arange(68)  # beats at 20, 30, 40 s and a little
    noise = np.random.default_rng(3).normal(0, 40, round(70 * FS))
    stream = classifier.stream(FS)
    stream.push(1000 * make_ecg(times, 70, FS) + noise)
    found = stream.beats.tolist()
    stream.finish()
    found += stream.beats.tolist()
    assert len(found) == len(times)
    assert np.allclose(found, times, atol=0.03)


# -- gaps, jumps, ends, changes


@pytest.mark.filterwarnings("ignore::ecgrt.SignalWarning")
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
def test_skipped_time_is_missing(dtype: str, classifier: ecgrt.Classifier, signal: Any) -> None:
    head, tail = signal[:8000].astype(dtype), signal[10000:19000].astype(dtype)
    stream = classifier.stream(FS)
    found = [*stream.push(head), *stream.skip(45.5), *stream.push(tail), *stream.finish()]
    x = np.concatenate([head, np.full(round(45.5 * FS), np.nan), tail])
    assert told(found) == all_at_once(classifier, x, FS)
    assert stream.seconds == len(x) / FS


def test_a_long_absence_is_unreadable(classifier: ecgrt.Classifier) -> None:
    stream = classifier.stream(FS)
    found = stream.skip(3600)
    assert len(found) == 358
    assert {one.label for one in found} == {None}
    assert not stream.beats.size
    assert found[-1].prediction.quality.spans == ((0, 30, "missing"),)


@pytest.mark.parametrize("seconds", [-1, 86_401, float("nan"), float("inf")])
def test_impossible_absences_are_refused(seconds: float, classifier: ecgrt.Classifier) -> None:
    with pytest.raises(ValueError, match="from 0 to 86400 s"):
        classifier.stream(FS).skip(seconds)


def test_an_end_in_the_middle_of_a_beat(classifier: ecgrt.Classifier) -> None:
    times = beat_times(60, 70)
    x = 1000 * make_ecg(times, 60, FS)
    end = round(times[45] * FS)  # on an R peak
    stream = classifier.stream(FS)
    stream.push(x[:end])
    beats = stream.beats.tolist()
    stream.finish()
    beats += stream.beats.tolist()
    assert 44 <= len(beats) <= 46
    assert np.allclose(beats[:44], times[:44], atol=0.012)


@pytest.mark.filterwarnings("ignore::ecgrt.SignalWarning")
def test_a_stream_of_nothing_but_nan(classifier: ecgrt.Classifier) -> None:
    stream = classifier.stream(FS)
    (only,) = stream.push(np.full(7500, np.nan))
    assert only.label is None
    assert np.isnan(only.confidence)
    assert only.to_dict()["confidence"] is None


@pytest.mark.filterwarnings("ignore::ecgrt.SignalWarning")
def test_the_rate_may_change_by_a_restart(classifier: ecgrt.Classifier, signal: Any) -> None:
    stream = classifier.stream(FS)
    first = stream.push(signal[:8400]) + stream.restart(500)
    assert (stream.fs, stream.seconds) == (500, 33.6)
    then = stream.push(signal[: 500 * 36]) + stream.finish()
    assert told(first) == all_at_once(classifier, signal[:8400], FS)
    expected = all_at_once(classifier, signal[: 500 * 36], 500)
    assert [content(one.prediction) for one in then] == [what for _, _, what in expected]
    assert [(one.start, one.end) for one in then] == [(33.6, 63.6), (43.6, 69.6)]
    with pytest.raises(ValueError, match="fs is 3"):
        stream.restart(3)
    assert stream.restart() == []
    assert stream.fs == 500


def test_records_are_taken_if_they_fit(classifier: ecgrt.Classifier, records: Path) -> None:
    record = ecgrt.read_record(records / "S0002")
    stream = classifier.stream(record.fs)
    assert told(stream.push(record)) == all_at_once(classifier, record.signal, record.fs)[:1]
    with pytest.raises(ValueError, match="leave fs out, or correct the record"):
        classifier.stream(FS).push(record)
    with pytest.raises(ValueError, match="a record is in microvolts"):
        classifier.stream(record.fs, "mV").push(record)
