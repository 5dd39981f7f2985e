"""What predict takes: arrays in a unit, records with a rate of their own; whom it names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ecgrt
from ecgrt.records import read_record


@dataclass(frozen=True)
class Lead:
    """The least that counts as a record."""

    signal: Any
    fs: float | None
    name: str | None = None


@pytest.fixture(scope="module")
def classifier(plan: Path) -> ecgrt.Classifier:
    return ecgrt.Classifier(plan)


@pytest.fixture(scope="module")
def record(records: Path) -> ecgrt.Record:
    return read_record(records / "S0002")


def test_record_brings_its_rate(classifier: ecgrt.Classifier, record: ecgrt.Record) -> None:
    slow = Lead(record.signal[::2], 150.0)
    for given in (classifier.predict(slow), classifier.predict_batch([slow])[0]):
        expected = classifier.predict(record.signal[::2], fs=150)
        np.testing.assert_array_equal(given.segment_probabilities, expected.segment_probabilities)
    assert classifier.predict(slow, fs=150).label == classifier.predict(slow).label
    assert len(classifier.predict(slow).segment_labels) == len(
        classifier.predict(record).segment_labels
    )


def test_contradicting_rate_is_refused(classifier: ecgrt.Classifier, record: ecgrt.Record) -> None:
    with pytest.raises(ValueError, match=r"the record has 300\.0 Hz, fs is 250\.0 Hz"):
        classifier.predict(record, fs=250)


def test_record_without_a_rate_needs_one(
    classifier: ecgrt.Classifier, record: ecgrt.Record
) -> None:
    untold = Lead(record.signal, None)
    with pytest.raises(ValueError, match="does not say its sampling rate"):
        classifier.predict(untold)
    assert classifier.predict(untold, fs=300).label == classifier.predict(record).label


@pytest.mark.parametrize(
    ("unit", "microvolts"),
    [("uV", 1.0), ("mV", 1e3), ("V", 1e6), ("nV", 1e-3), ("\u00b5V", 1.0), ("\u03bcV", 1.0)],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_units_are_scaled(
    classifier: ecgrt.Classifier,
    record: ecgrt.Record,
    unit: str,
    microvolts: float,
    dtype: type[np.floating[Any]],
) -> None:
    signal = (record.signal / microvolts).astype(dtype)
    expected = classifier.predict(record.signal)
    for found in (
        classifier.predict(signal, unit=unit),
        classifier.predict_batch([np.repeat(signal, 2)[::2]], unit=unit)[0],  # strided
    ):
        np.testing.assert_allclose(
            found.segment_probabilities, expected.segment_probabilities, atol=1e-4
        )


def test_resampled_signals_are_scaled_too(
    classifier: ecgrt.Classifier, record: ecgrt.Record
) -> None:
    found = classifier.predict(record.signal / 1e3, fs=200, unit="mV")
    expected = classifier.predict(record.signal, fs=200)
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-4)


@pytest.mark.parametrize("unit", ["MV", "mv", "", "volt"])
def test_unknown_unit_is_refused(
    classifier: ecgrt.Classifier, record: ecgrt.Record, unit: str
) -> None:
    with pytest.raises(ValueError, match=r"it must be 'uV', 'mV', 'V' or 'nV'"):
        classifier.predict(record.signal, unit=unit)


def test_record_is_in_microvolts(classifier: ecgrt.Classifier, record: ecgrt.Record) -> None:
    with pytest.raises(ValueError, match="leave unit out"):
        classifier.predict(record, unit="mV")


@pytest.mark.parametrize(
    ("bad", "error", "fault"),
    [
        (np.zeros(10, np.int16), ValueError, "the signal has 10 samples"),
        (np.zeros((2, 999)), ValueError, "x has 2 dimensions"),
        (["a", "b"], TypeError, "x has dtype"),
        (np.ma.masked_less(np.arange(999.0), 9), ValueError, "masked samples"),
        ([[1, 2], [3]], ValueError, "inhomogeneous"),
    ],
)
def test_batch_names_the_record_at_fault(
    classifier: ecgrt.Classifier,
    record: ecgrt.Record,
    bad: Any,
    error: type[Exception],
    fault: str,
) -> None:
    with pytest.raises(error, match=rf"^record 2: .*{fault}"):
        classifier.predict_batch([record, record.signal, bad, record])
    with pytest.raises(error, match=rf"^record 1 \(chest\): .*{fault}"):
        classifier.predict_batch([record, Lead(bad, 300.0, "chest")])


def test_fault_of_no_record_names_none(classifier: ecgrt.Classifier, record: ecgrt.Record) -> None:
    with pytest.raises(ValueError, match=r"^min_confidence is a probability"):
        classifier.predict_batch([record], min_confidence=2)
    assert classifier.predict_batch([]) == []
