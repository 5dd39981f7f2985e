"""From the segments' probabilities to the record's label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family import build, make_selector
from scipy.special import log_softmax

import ecgrt


@pytest.fixture(scope="module")
def selectors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ecgrt.Classifier]:
    """By decision: classifiers whose samples are the logits of their segments."""
    return {
        decision: ecgrt.Classifier(
            build(make_selector(decision=decision), tmp_path_factory.mktemp(decision))
        )
        for decision in ("mode", "mean")
    }


@pytest.mark.parametrize(
    ("segments", "mode", "mean"),
    [
        # two of three segments, but the third is far surer
        ([("N", 0.5), ("N", 0.5), ("A", 9)], "N", "A"),
        ([("A", 0.5), ("A", 0.5), ("N", 9)], "A", "N"),
        # as many of each: the mean decides
        ([("A", 1), ("~", 2), ("A", 1), ("~", 2)], "~", "~"),
        ([("A", 2), ("~", 1), ("A", 2), ("~", 1)], "A", "A"),
        # the third is the surest of all, but not among the most frequent
        ([("O", 2), ("N", 1), ("O", 2), ("N", 1), ("A", 12)], "O", "O"),
        ([("O", 0.2), ("N", 0.1), ("O", 0.2), ("N", 0.1), ("A", 12)], "O", "A"),
        # nothing decides: the first class
        ([("~", 0)], "A", "A"),
        ([("N", 1), ("O", 1)], "N", "N"),
    ],
)
def test_decision(
    segments: list[tuple[str, float]],
    mode: str,
    mean: str,
    selectors: dict[str, ecgrt.Classifier],
) -> None:
    signal = np.zeros((len(segments), 4))
    for row, (label, logit) in zip(signal, segments, strict=True):
        row["ANO~".index(label)] = logit
    assert selectors["mode"].predict(signal.ravel()).label == mode
    assert selectors["mean"].predict(signal.ravel()).label == mean


def test_decision_of_random_segments(selectors: dict[str, ecgrt.Classifier]) -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        logits = rng.exponential(1.0, (rng.integers(1, 9), 4))
        powers = np.exp(logits)
        segments = powers / powers.sum(axis=1, keepdims=True)
        labels, mean = segments.argmax(axis=1), segments.mean(axis=0)
        counts = np.bincount(labels, minlength=4)
        most = max(range(4), key=lambda i: (counts[i], mean[i]))
        for decision, label in (("mode", most), ("mean", mean.argmax())):
            found = selectors[decision].predict(logits.ravel())
            np.testing.assert_allclose(found.segment_probabilities, segments, atol=1e-6)
            np.testing.assert_allclose(found.probabilities, mean, atol=1e-6)
            assert found.segment_labels.tolist() == ["ANO~"[i] for i in labels]
            assert found.label == "ANO~"[label]


def build_selector(folder: Path, **changes: Any) -> ecgrt.Classifier:
    return ecgrt.Classifier(build(make_selector(**changes), folder))


def random_logits(seed: int, records: int = 200) -> list[np.ndarray[Any, Any]]:
    """Logits of some segments, their spread different from record to record."""
    rng = np.random.default_rng(seed)
    return [
        rng.exponential(rng.uniform(0.5, 4), (rng.integers(1, 9), 4)).astype(np.float32)
        for _ in range(records)
    ]


@pytest.mark.parametrize("decision", ["mode", "mean"])
@pytest.mark.parametrize(
    ("scale", "bias", "weights"),
    [
        (0.6, (), ()),
        (1.7, (0.3, -0.2, 1.1, -1.2), ()),
        (1.0, (0.0, 0.0, 2.0, 0.0), (1.0, 0.25, 1.0, 6.0)),
        (1.0, (), (3.0, 1.0, 2.0, 9.0)),
    ],
)
def test_calibrated_probabilities_and_weighted_labels(
    decision: str,
    scale: float,
    bias: tuple[float, ...],
    weights: tuple[float, ...],
    selectors: dict[str, ecgrt.Classifier],
    tmp_path: Path,
) -> None:
    weights = weights if decision == "mean" else ()
    classifier = build_selector(
        tmp_path,
        decision=decision,
        calibration_scale=scale,
        calibration_bias=bias,
        decision_weights=weights,
    )
    changed = 0
    for logits in random_logits(5):
        found = classifier.predict(logits.ravel())
        plain = selectors[decision].predict(logits.ravel())
        mean = plain.segment_probabilities.mean(axis=0, dtype=np.float64)
        expected = np.exp(log_softmax(scale * np.log(mean) + np.array(bias or 0.0)))
        np.testing.assert_allclose(found.probabilities, expected, rtol=1e-5)
        np.testing.assert_array_equal(found.segment_probabilities, plain.segment_probabilities)
        assert (found.segment_labels == plain.segment_labels).all()
        if decision == "mode":
            assert found.label == plain.label
        else:
            assert found.label == "ANO~"[(expected * (weights or 1.0)).argmax()]
        assert found.confidence == found.probabilities["ANO~".index(str(found.label))]
        changed += found.label != plain.label
    assert (changed > 0) == (decision == "mean" and bool(bias or weights))


@pytest.mark.parametrize("decision", ["mode", "mean"])
def test_a_calibration_that_changes_nothing_changes_no_bit(
    decision: str, selectors: dict[str, ecgrt.Classifier], tmp_path: Path
) -> None:
    changes: dict[str, Any] = {"calibration_bias": (0.0,) * 4}
    if decision == "mean":
        changes["decision_weights"] = (1.0,) * 4
    classifier = build_selector(tmp_path, decision=decision, **changes)
    for logits in random_logits(6):
        found = classifier.predict(logits.ravel())
        plain = selectors[decision].predict(logits.ravel())
        np.testing.assert_array_equal(found.probabilities, plain.probabilities)
        sums = plain.segment_probabilities.sum(axis=0, dtype=np.float64)
        np.testing.assert_array_equal(plain.probabilities, (sums / len(logits)).astype(np.float32))
        assert (found.label, found.confidence) == (plain.label, plain.confidence)


def test_a_class_of_probability_zero_stays_finite(tmp_path: Path) -> None:
    classifier = build_selector(
        tmp_path, decision="mean", calibration_scale=3.0, calibration_bias=(0.0, 0.0, 1.0, 0.0)
    )
    found = classifier.predict(np.array([0, 500, 0, 0], np.float32))
    assert found.segment_probabilities[0].tolist() == [0, 1, 0, 0]
    assert found.probabilities.tolist() == [0, 1, 0, 0]
    assert (found.label, found.confidence) == ("N", 1.0)


@pytest.mark.parametrize("bias", [1000.0, -1000.0])
def test_a_calibration_may_be_large(bias: float, tmp_path: Path) -> None:
    classifier = build_selector(
        tmp_path, decision="mean", calibration_bias=(bias, bias, bias - 1000.0, bias - 1000.0)
    )
    assert classifier.predict(np.zeros(4)).probabilities.tolist() == [0.5, 0.5, 0, 0]


def test_no_decision_below_the_confidence_that_is_asked_for(
    selectors: dict[str, ecgrt.Classifier],
) -> None:
    classifier = selectors["mean"]
    signals = [logits.ravel() for logits in random_logits(7)]
    certain = classifier.predict_batch(signals)
    withheld = 0
    for asked in (0.0, 0.5, 0.8, certain[0].confidence, 1.0):
        batch = classifier.predict_batch(signals, min_confidence=asked)
        for signal, sure, found in zip(signals, certain, batch, strict=True):
            label = sure.label if sure.confidence >= asked else None
            assert found.label == classifier.predict(signal, None, asked).label == label
            assert found.confidence == sure.confidence
            np.testing.assert_array_equal(found.probabilities, sure.probabilities)
            withheld += label is None
    assert 0 < withheld < 5 * len(signals)
    assert "label=None" in repr(classifier.predict(np.zeros(4), min_confidence=1))


@pytest.mark.parametrize("wrong", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_confidence_that_is_no_probability(
    wrong: float, selectors: dict[str, ecgrt.Classifier]
) -> None:
    for call in (
        lambda: selectors["mode"].predict(np.zeros(4), min_confidence=wrong),
        lambda: selectors["mode"].predict_batch([], min_confidence=wrong),
    ):
        with pytest.raises(ValueError, match="min_confidence is a probability, from 0 to 1"):
            call()
