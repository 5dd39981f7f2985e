"""Agreement with a reference: the score's own figures, and intervals that hold what they should."""

from __future__ import annotations

import numpy as np
import pytest

from ecgrt.calibration.agreement import agreement
from ecgrt.calibration.measures import expected_calibration_error
from ecgrt.challenge.scoring import CLASSES, SCORED_CLASSES, score

RECORDS = 400
RNG = np.random.default_rng(11)
NAMES = [f"R{i}" for i in range(RECORDS)]
REFERENCE = dict(zip(NAMES, RNG.choice(CLASSES, RECORDS, p=[0.5, 0.2, 0.25, 0.05]), strict=True))


def answered(right: float) -> tuple[dict[str, str], dict[str, list[float]]]:
    """Return answers and probabilities of a classifier that is right so often, and says so."""
    answers, probabilities = {}, {}
    for name, label in REFERENCE.items():
        others = [other for other in CLASSES if other != label]
        answers[name] = label if RNG.random() < right else str(RNG.choice(others))
        rest = (1 - right) / 3
        probabilities[name] = [right if c == answers[name] else rest for c in CLASSES]
    return answers, probabilities


def test_figures_are_those_of_the_score() -> None:
    answers, probabilities = answered(0.8)
    found = agreement(REFERENCE, answers, probabilities, CLASSES, SCORED_CLASSES)
    expected = score(REFERENCE, answers)
    assert np.array_equal(found.confusion[:, :-1], expected.confusion)
    assert {label: one.value for label, one in found.f1.items()} == pytest.approx(expected.f1)
    assert found.overall.value == pytest.approx(expected.overall)
    assert found.accuracy.value == pytest.approx(expected.accuracy)


def test_intervals_are_as_wide_as_chance() -> None:
    answers, probabilities = answered(0.8)
    found = agreement(REFERENCE, answers, probabilities, CLASSES, SCORED_CLASSES).accuracy
    assert found.low < found.value < found.high
    deviation = np.sqrt(found.value * (1 - found.value) / RECORDS)
    assert found.high - found.low == pytest.approx(2 * 1.96 * deviation, rel=0.1)


def test_a_record_without_an_answer_was_not_found() -> None:
    perfect = {name: REFERENCE[name] for name in NAMES[10:]}
    found = agreement(REFERENCE, perfect, {}, CLASSES, SCORED_CLASSES)
    assert found.confusion[:, -1].sum() == 10
    assert found.accuracy.value == pytest.approx(1 - 10 / RECORDS)
    assert np.isnan(found.calibration_error)
    assert np.isnan(found.log_loss)
    assert found.bins == ()
    for i, label in enumerate(CLASSES):
        named = found.confusion[i]
        assert found.f1[label].value == pytest.approx(
            2 * named[i] / (named.sum() + found.confusion[:, i].sum())
        )


def test_bins_hold_all_records() -> None:
    answers, probabilities = answered(0.7)
    found = agreement(REFERENCE, answers, probabilities, CLASSES, SCORED_CLASSES)
    (one,) = found.bins
    assert one.records == RECORDS
    assert one.confidence == pytest.approx(0.7)
    assert one.accuracy == pytest.approx(found.accuracy.value)
    rows = np.array([probabilities[name] for name in NAMES])
    labels = np.array([CLASSES.index(REFERENCE[name]) for name in NAMES])
    assert found.calibration_error == expected_calibration_error(rows, labels)
