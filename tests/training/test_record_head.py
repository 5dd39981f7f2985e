"""The record head: what it pools, that a linear one is linear, that metadata carries it whole."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from ecgrt.training.record_head import RecordHead, pooled


def test_pooled_evidence() -> None:
    evidence = np.array([[1.0, -1.0], [3.0, 5.0], [100.0, 100.0]])
    readable = np.array([True, True, False])
    np.testing.assert_allclose(pooled(evidence, readable), [2, 2, 1, 3, 3, 5])
    assert pooled(evidence)[4] == 100


def test_linear_head_is_linear() -> None:
    rng = np.random.default_rng(1)
    kernel, bias, x = rng.normal(size=(6, 4)), rng.normal(size=4), rng.normal(size=(10, 6))
    head = RecordHead.linear(kernel, bias)
    assert head.evidence == 2
    np.testing.assert_allclose(head.logits(x), x @ kernel + bias, atol=1e-12)


def test_round_trip_is_that_of_float32() -> None:
    rng = np.random.default_rng(1)
    head = RecordHead(2, ("a", "b"), *(rng.normal(size=shape) for shape in ((8, 5), 5, (5, 3), 3)))
    back = RecordHead.from_dict(head.to_dict(), classes=3)
    assert (back.evidence, back.features) == (2, ("a", "b"))
    np.testing.assert_array_equal(back.w1, head.w1.astype(np.float32))
    np.testing.assert_array_equal(back.b2, head.b2.astype(np.float32))
    weights = np.frombuffer(base64.b64decode(head.to_dict()["weights"]), "<f4")
    expected = np.concatenate([part.ravel() for part in (head.w1, head.b1, head.w2, head.b2)])
    np.testing.assert_array_equal(weights, expected.astype("<f4"))


def test_weights_that_do_not_fit_are_refused() -> None:
    values = RecordHead.linear(np.ones((3, 2)), np.zeros(2)).to_dict()
    with pytest.raises(ValueError, match="3 classes has 31 weights, not 26"):
        RecordHead.from_dict(values, classes=3)
    with pytest.raises(ValueError, match=r"3 inputs.*shapes"):
        RecordHead(1, (), np.ones((4, 2)), np.zeros(2), np.ones((2, 2)), np.zeros(2))
