"""What must not change an answer does not: units, offset, gain, dtype, layout, order, threads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import ecgrt
from ecgrt.records import list_records, read_record

#: Roundings of a signal that is stored otherwise, as probabilities.
ROUNDING = 2e-4
many = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def classifier() -> ecgrt.Classifier:
    """The plan that ships: it sees shapes, not amplitudes."""
    return ecgrt.Classifier(threads=1)


@pytest.fixture(scope="module")
def signals(records: Path) -> list[np.ndarray]:
    return [np.asarray(read_record(path).signal, np.float64) for path in list_records(records)]


which = st.integers(0, 9)


def same(a: ecgrt.Prediction, b: ecgrt.Prediction, tolerance: float = 0.0) -> None:
    for name in ("probabilities", "segment_probabilities"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=0, atol=tolerance)
    np.testing.assert_array_equal(a.readable, b.readable)
    np.testing.assert_allclose(a.beats, b.beats, rtol=0, atol=0.005 if tolerance else 0)


@many
@given(
    which,
    st.sampled_from([("V", 1e-6), ("mV", 1e-3), ("nV", 1e3)]),
    st.floats(0.3, 5),
    st.floats(-1e4, 1e4),
)
def test_unit_gain_and_offset(
    classifier: ecgrt.Classifier,
    signals: list[np.ndarray],
    number: int,
    unit: tuple[str, float],
    gain: float,
    offset: float,
) -> None:
    x = signals[number]
    changed = (x * gain + offset) * unit[1]
    same(
        classifier.predict(changed, fs=300, unit=unit[0]),
        classifier.predict(x, fs=300),
        ROUNDING,
    )


@many
@given(which, st.sampled_from(["i2", "i4", "f4", "f8"]), st.sampled_from([1, 2, 3, -1]))
def test_dtype_and_stride(
    classifier: ecgrt.Classifier, signals: list[np.ndarray], number: int, dtype: str, stride: int
) -> None:
    x = signals[number]
    room = np.zeros(len(x) * abs(stride), dtype)
    view = room[::stride] if stride > 0 else room[::-1]
    view[:] = x  # whole microvolts, which every type holds
    same(classifier.predict(view, fs=300), classifier.predict(x, fs=300), 1e-6)


@many
@given(st.permutations(range(10)), st.integers(1, 3))
def test_order_of_a_batch_and_threads(
    classifier: ecgrt.Classifier, signals: list[np.ndarray], order: list[int], threads: int
) -> None:
    other = ecgrt.Classifier(threads=threads)
    for number, prediction in zip(
        order, other.predict_batch([signals[i] for i in order], fs=300), strict=True
    ):
        same(prediction, classifier.predict(signals[number], fs=300))


@many
@given(which, st.integers(200, 2000), st.integers(0, 900))
def test_a_gap_changes_nothing_far_away(
    classifier: ecgrt.Classifier, signals: list[np.ndarray], number: int, length: int, place: int
) -> None:
    """Beyond filter (2 s), scale (10 s) and what the network sees, on a record of two minutes."""
    x = np.tile(signals[number], 1 + 120 * 300 // len(signals[number]))[: 120 * 300]
    cut = x.copy()
    cut[place : place + length] = np.nan
    whole, gapped = classifier.predict(x, fs=300), classifier.predict(cut, fs=300)
    seconds = classifier.samples_per_segment / classifier.sampling_rate
    context = classifier.metadata["context_segments"]
    first = int(np.ceil((place + length) / 300 / seconds + 14 / seconds + context))
    assume(first < len(whole.segment_probabilities))
    np.testing.assert_allclose(
        gapped.segment_probabilities[first:],
        whole.segment_probabilities[first:],
        rtol=0,
        atol=ROUNDING,
    )
