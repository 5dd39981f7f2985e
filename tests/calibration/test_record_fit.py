"""Rhythm features in a record head: worth what they are; one layer gives what three parts do."""

from __future__ import annotations

import numpy as np
import pytest

from ecgrt.calibration import rhythm_states
from ecgrt.calibration.measures import log_loss
from ecgrt.calibration.record_fit import Mixture, fold_in, mix, out_of_fold
from ecgrt.calibration.rhythm_net import RhythmNet, teach
from ecgrt.calibration.scaling import softmax
from ecgrt.records.base import Record
from ecgrt.records.manifest import LabelledRecord
from ecgrt.training.record_head import RecordHead

pytest.importorskip("sklearn", reason='needs pip install "ecgrt[train]"')


def records(count: int = 1200) -> tuple[np.ndarray, np.ndarray]:
    """Three features; class 1 lies beyond a limit of the first, class 2 of the second."""
    rng = np.random.default_rng(1)
    features = rng.normal(size=(count, 3))
    labels = np.where(features[:, 1] > 1, 2, (features[:, 0] > 0.3).astype(int))
    return features, np.where(rng.random(count) < 0.05, rng.integers(3, size=count), labels)


def test_the_network_learns_limits_from_the_trees() -> None:
    features, labels = records()
    taught = teach(features[:800], labels[:800], invented=2000, steps=600)
    logits = taught.logits(features[800:])
    np.testing.assert_allclose(logits.mean(axis=1), 0, atol=1e-9)
    shares = np.bincount(labels) / len(labels)
    blind = -(shares * np.log(shares)).sum()
    assert log_loss(softmax(logits), labels[800:]) < 0.45 * blind
    again = teach(features[:800], labels[:800], invented=2000, steps=600)
    np.testing.assert_array_equal(again.w1, taught.w1)


def test_mixture_takes_each_for_what_it_is_worth() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(3, size=3000)
    good = 2 * np.eye(3)[labels] + rng.normal(size=(3000, 3))
    noise = rng.normal(size=(3000, 3))
    mixture = mix(good, noise, labels)
    assert np.abs(mixture.b).max() < 0.15
    assert log_loss(softmax(mixture.logits(good, noise)), labels) <= log_loss(softmax(good), labels)
    swapped = mix(noise, good, labels)
    assert np.diag(swapped.b).min() > 0.5


def test_one_head_gives_what_its_parts_give() -> None:
    rng = np.random.default_rng(3)
    evidence, names = 2, ("a", "b", "c", "d")
    kernel, bias = rng.normal(size=(6, 3)), rng.normal(size=3)
    parts = [rng.normal(size=shape) for shape in ((4, 7), 7, (7, 3), 3)]
    rhythm = RhythmNet(rng.normal(size=4), rng.uniform(0.5, 2, 4), *parts)
    mixture = Mixture(rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=3))
    pooled, features = rng.normal(size=(20, 6)), rng.normal(size=(20, 4))
    head = fold_in(RecordHead.linear(kernel, bias), rhythm, mixture, names)
    assert (head.evidence, head.features) == (evidence, names)
    network = pooled @ kernel + bias
    network -= network.mean(axis=1, keepdims=True)
    expected = mixture.logits(network, rhythm.logits(features))
    np.testing.assert_allclose(head.logits(np.hstack([pooled, features])), expected, atol=1e-9)


def test_out_of_fold_answers_have_not_seen_their_records() -> None:
    """Features that name the record, and labels by chance: who has seen them would know them."""
    rng = np.random.default_rng(4)
    labels = rng.integers(2, size=300)
    features = rng.normal(size=(300, 4))
    network = rng.normal(size=(300, 2)) * 0.1
    folds = np.arange(300) % 3
    answers, rhythm = out_of_fold(network, features, labels, folds, steps=100)
    assert rhythm.shape == answers.shape == (300, 2)
    assert log_loss(answers, labels) > 0.98 * np.log(2)


def test_states_of_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is; with one gap of 3 to 36 %; cut to 5 to 15 seconds, or disturbed and as long."""
    seen: list[np.ndarray] = []

    def features(x: np.ndarray, fs: float) -> np.ndarray:
        assert fs == 300.0
        seen.append(np.asarray(x))
        return np.zeros(2, np.float32)

    monkeypatch.setattr(rhythm_states._core, "rhythm_features", features, raising=False)
    signal = np.random.default_rng(1).normal(size=9000).astype(np.float32)
    items = [LabelledRecord(Record(f"r{i}", signal, 300.0), ("N",)) for i in range(40)]
    states = rhythm_states.rhythm_features(items, 100.0)
    assert [state.shape for state in states] == [(40, 2)] * 3
    short = 0
    for plain, gap, other in zip(seen[::3], seen[1::3], seen[2::3], strict=True):
        np.testing.assert_array_equal(plain, signal)
        missing = np.isnan(gap)
        assert 0.02 < missing.mean() < 0.37
        assert np.abs(np.diff(missing.astype(int))).sum() <= 2
        np.testing.assert_array_equal(gap[~missing], signal[~missing])
        short += other.size < 9000
        assert other.size == 9000 or 5 * 300 <= other.size <= 15 * 300
    assert 8 < short < 24
