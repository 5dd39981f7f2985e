"""From the segments' probabilities to the record's label."""

from __future__ import annotations

import numpy as np
import pytest
from family import build, make_selector

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
            assert found.segment_labels == ["ANO~"[i] for i in labels]
            assert found.label == "ANO~"[label]
