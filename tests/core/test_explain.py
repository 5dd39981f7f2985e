"""A record's answer taken apart: nothing is left out, and each part is what it is said to be."""

from __future__ import annotations

import base64
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ecgrt

Floats = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def classifier() -> ecgrt.Classifier:
    return ecgrt.Classifier(threads=1)


def softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum())


def with_a_gap(record: ecgrt.Record) -> Floats:
    signal = np.array(record.signal, np.float64)
    signal[2000:3500] = np.nan
    return signal


@pytest.mark.parametrize("name", ["S0001", "S0004", "S0007", "S0008"])
@pytest.mark.parametrize("gap", [False, True])
def test_the_parts_are_the_whole(
    classifier: ecgrt.Classifier, records: Path, name: str, gap: bool
) -> None:
    record = ecgrt.read_record(records / name)
    prediction = classifier.predict(with_a_gap(record) if gap else record.signal, record.fs)
    segments, rhythm, rest = classifier.explain(prediction)
    assert segments.shape == (len(prediction.segment_labels), 4)
    assert rhythm.shape == (len(prediction.rhythm), 4)
    found = softmax(segments.sum(axis=0) + rhythm.sum(axis=0) + rest)
    assert found == pytest.approx(prediction.probabilities, abs=1e-6)
    for part in (segments, rhythm, rest):
        assert part.mean(axis=-1) == pytest.approx(0, abs=1e-9)
    assert np.all(segments[~prediction.readable] == 0)
    assert prediction.readable.all() != gap


def head_of(metadata: dict[str, Any]) -> list[Floats]:
    """Return the matrices of a record head."""
    head, classes = metadata["record_head"], len(metadata["classes"])
    inputs, hidden = 3 * head["evidence"] + len(head["features"]), head["hidden"]
    values = np.frombuffer(base64.b64decode(head["weights"]), "<f4").astype(np.float64)
    shapes = [(inputs, hidden), (hidden,), (hidden, classes), (classes,)]
    ends = np.cumsum([np.prod(shape) for shape in shapes])[:-1]
    parts = np.split(values, ends)
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def test_a_segment_adds_its_evidence_times_its_slope(
    classifier: ecgrt.Classifier, records: Path
) -> None:
    """Slopes by small steps through the head in NumPy."""
    prediction = classifier.predict(ecgrt.read_record(records / "S0006"))
    state = prediction.__reduce_ex__(2)[2]
    assert isinstance(state, dict)
    evidence = np.array(state["segment_evidence"]).reshape(len(prediction.segment_labels), -1)
    first, bias, second, last = head_of(classifier.metadata)
    scale = classifier.metadata["calibration_scale"]

    def logits(values: Floats) -> Floats:
        inputs = [values.mean(axis=0), values.std(axis=0), values.max(axis=0), prediction.rhythm]
        out = np.maximum(np.concatenate(inputs) @ first + bias, 0) @ second + last
        return np.asarray(scale * (out - out.mean()))

    def added(segment: int) -> Floats:
        total, step = np.zeros(4), 1e-6
        for channel, value in enumerate(evidence[segment]):
            moved = evidence.copy()
            moved[segment, channel] += step
            total += value * (logits(moved) - logits(evidence)) / step
        return total

    segments, _, _ = classifier.explain(prediction)
    for number in (0, 17, len(segments) - 1):
        assert segments[number] == pytest.approx(added(number), abs=1e-4)


def test_a_pickled_prediction_can_be_explained(classifier: ecgrt.Classifier, records: Path) -> None:
    prediction = classifier.predict(ecgrt.read_record(records / "S0001"))
    again = classifier.explain(pickle.loads(pickle.dumps(prediction)))
    for part, same in zip(classifier.explain(prediction), again, strict=True):
        assert np.array_equal(part, same)


def test_what_cannot_be_explained(classifier: ecgrt.Classifier, plan: Path, records: Path) -> None:
    other = ecgrt.Classifier(plan)
    prediction = other.predict(ecgrt.read_record(records / "S0001"))
    with pytest.raises(ValueError, match="only models with a record head"):
        other.explain(prediction)
    with pytest.raises(ValueError, match="another model"):
        classifier.explain(prediction)


def test_nothing_readable_adds_nothing(classifier: ecgrt.Classifier) -> None:
    prediction = classifier.predict(np.zeros(3000), 300)
    assert not any(part.any() for part in classifier.explain(prediction))
