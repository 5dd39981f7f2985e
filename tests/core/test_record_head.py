"""The record head: evidence of the segments and rhythm features become a record's answer."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from family import make_metadata

from ecgrt import _core
from ecgrt.metadata import Metadata

EVIDENCE, HIDDEN, CLASSES = 3, 5, 3
RNG = np.random.default_rng(7)


def make_weights(features: int) -> list[np.ndarray]:
    inputs = 3 * EVIDENCE + features
    shapes = [(inputs, HIDDEN), (HIDDEN,), (HIDDEN, CLASSES), (CLASSES,)]
    return [RNG.normal(size=shape).astype("<f4") for shape in shapes]


def make_head(weights: list[np.ndarray], features: tuple[str, ...] = ()) -> dict[str, Any]:
    packed = b"".join(w.tobytes() for w in weights)
    return {
        "evidence": EVIDENCE,
        "features": list(features),
        "hidden": HIDDEN,
        "weights": base64.b64encode(packed).decode(),
    }


def with_head(head: dict[str, Any], **changes: Any) -> Metadata:
    return make_metadata(256, 3, decision="mean", record_head=head, **changes)


def reference(weights: list[np.ndarray], evidence: np.ndarray) -> np.ndarray:
    pooled = np.concatenate([evidence.mean(0), evidence.std(0), evidence.max(0)])
    first, first_bias, second, second_bias = (w.astype(np.float64) for w in weights)
    logits = np.maximum(pooled @ first + first_bias, 0) @ second + second_bias
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def make_answers(segments: int) -> np.ndarray:
    probabilities = RNG.dirichlet(np.ones(CLASSES), segments)
    evidence = RNG.normal(size=(segments, EVIDENCE))
    return np.hstack([probabilities, evidence]).astype(np.float32)


def test_head_is_an_mlp_of_the_pooled_evidence() -> None:
    weights = make_weights(0)
    metadata = with_head(make_head(weights))
    answers = make_answers(11)
    label, probabilities = _core.decide(metadata.to_json(), answers)
    expected = reference(weights, answers[:, CLASSES:].astype(np.float64))
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    assert label == metadata.classes[int(expected.argmax())]


def test_head_is_calibrated_like_any_answer() -> None:
    weights = make_weights(0)
    metadata = with_head(
        make_head(weights), calibration_scale=0.5, calibration_bias=(0.3, 0.0, 0.0)
    )
    answers = make_answers(4)
    _, probabilities = _core.decide(metadata.to_json(), answers)
    expected = reference(weights, answers[:, CLASSES:].astype(np.float64)) ** 0.5
    expected *= np.exp([0.3, 0.0, 0.0])
    np.testing.assert_allclose(probabilities, expected / expected.sum(), atol=1e-6)


def test_only_readable_segments_count() -> None:
    answers = make_answers(9)
    readable = np.array([1, 0, 1, 1, 0, 0, 1, 1, 1])
    for metadata in (with_head(make_head(make_weights(0))), make_metadata(256, 3)):
        columns = CLASSES + metadata.evidence
        found = _core.decide(metadata.to_json(), answers[:, :columns], readable)
        expected = _core.decide(metadata.to_json(), answers[readable == 1, :columns])
        assert found[0] == expected[0]
        np.testing.assert_array_equal(found[1], expected[1])


def test_no_readable_segment_no_label() -> None:
    answers = make_answers(3)[:, :CLASSES]
    label, probabilities = _core.decide(make_metadata(256, 3).to_json(), answers, np.zeros(3))
    assert label is None
    assert np.isnan(probabilities).all()


def test_metadata_keeps_the_head() -> None:
    metadata = with_head(make_head(make_weights(0)))
    assert Metadata.from_json(metadata.to_json()) == metadata
    assert metadata.evidence == EVIDENCE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evidence": 0}, "evidence must be from 1 to 64"),
        ({"evidence": 65}, "evidence must be an integer from 0 to 64"),
        ({"hidden": 257}, "hidden must be an integer from 0 to 256"),
        ({"hidden": 4}, "record_head.weights must be 55 numbers, not 68"),
        ({"weights": "AAA"}, "a multiple of 4"),
        ({"weights": "AA!A"}, "no base64"),
        ({"weights": "AAAA"}, "no whole numbers"),
        ({"weights": base64.b64encode(np.full(68, np.nan, "<f4")).decode()}, "must be finite"),
    ],
)
def test_impossible_heads(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_head({**make_head(make_weights(0)), **changes})


def test_head_excludes_mode_and_pooling() -> None:
    head = make_head(make_weights(0))
    with pytest.raises(ValueError, match='must be "mean", not "mode"'):
        make_metadata(256, 3, record_head=head)
    with pytest.raises(ValueError, match="exclude each other"):
        with_head(head, pooling=((1.0,) * 7,) * 3)


def test_answers_of_another_shape_are_refused() -> None:
    metadata = with_head(make_head(make_weights(0)))
    with pytest.raises(ValueError, match=r"\(segments, 6\)"):
        _core.decide(metadata.to_json(), make_answers(3)[:, :3])
