"""Learnt pooling: the formula, its fit on data of known making, in the command and in the core."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from commands import exit_code
from family import build, make_selector, save
from scipy.special import log_softmax, softmax

import ecgrt
from ecgrt.calibration.fit import calibrate_model
from ecgrt.calibration.pooling import FLOOR, LOG_STD, SPREAD_STD, fit_pooling, pool
from ecgrt.calibration.scaling import apply_scaling
from ecgrt.metadata import ONNX_TRAINING_RECORDS_KEY
from ecgrt.records.manifest import read_manifest

Array = np.ndarray[Any, Any]
CLASSES = "ANO~"
#: Spread speaks for the third class and against the first; the second is taken for the fourth.
TRUTH = np.array(
    [
        [0.8, 0.0, 0.0, 0.0, -6.0, 0.0, 0.0, 0.0, 0.2],
        [0.0, 0.9, 0.0, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.7, 0.0, 0.0, 2.0, 8.0, 0.0, -0.5],
        [0.0, 0.2, 0.0, 0.8, 0.0, 0.0, 0.0, 1.0, 0.0],
    ]
)


def draw_segments(rng: np.random.Generator) -> Array:
    """Logits (segments, 4) of a record; they wander more in some records than in others."""
    wander = rng.normal(0, rng.uniform(0, 3), (rng.integers(1, 12), 4))
    return np.maximum(rng.exponential(2.0, 4) + wander, 0).astype(np.float32)


def by_hand(segments: Array, weights: Array = TRUTH) -> Array:
    """What TRUTH makes of the probabilities (segments, 4) of one record, sum by sum."""
    mean = segments.astype(np.float64).mean(axis=0)
    spread = np.sqrt(((segments - mean) ** 2).mean(axis=0))
    sums = [
        sum(row[i] * np.log(max(mean[i], 1e-4)) + row[4 + i] * spread[i] for i in range(4)) + row[8]
        for row in weights
    ]
    found: Array = softmax(sums)
    return found


def draw(records: int, seed: int) -> tuple[Array, Array, Array, list[Array]]:
    """Means, spreads, labels as often as TRUTH says, and logits."""
    rng = np.random.default_rng(seed)
    logits = [draw_segments(rng) for _ in range(records)]
    segments = [softmax(rows.astype(np.float64), axis=1) for rows in logits]
    right = np.array([by_hand(rows) for rows in segments])
    labels = (rng.random((records, 1)) > right.cumsum(axis=1)).sum(axis=1)
    means = np.array([rows.mean(axis=0) for rows in segments])
    spreads = np.array([rows.std(axis=0) for rows in segments])
    return means, spreads, np.minimum(labels, 3), logits


def loss(probabilities: Array, labels: Array) -> float:
    return float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())


def test_the_formula_by_hand() -> None:
    rng = np.random.default_rng(0)
    segments = [softmax(draw_segments(rng).astype(np.float64), axis=1) for _ in range(50)]
    means = np.array([rows.mean(axis=0) for rows in segments])
    spreads = np.array([rows.std(axis=0) for rows in segments])
    expected = [by_hand(rows) for rows in segments]
    np.testing.assert_allclose(pool(means, spreads, TRUTH), expected, rtol=1e-12)
    np.testing.assert_array_equal(pool(means, spreads), means)


def test_what_was_never_seen_counts_as_the_floor() -> None:
    means = np.array([[1.0, 0.0, 0.0, 0.0], [1.0, FLOOR, 1e-30, FLOOR]])
    found = pool(means, np.zeros((2, 4)), TRUTH)
    np.testing.assert_array_equal(found[0], found[1])
    assert np.isfinite(found).all()


def test_fit_finds_what_the_labels_were_drawn_by() -> None:
    means, spreads, labels, _ = draw(20000, seed=1)
    weights = fit_pooling(means, spreads, labels)
    assert np.shape(weights) == (4, 9)
    other_means, other_spreads, other_labels, _ = draw(5000, seed=2)
    best = loss(pool(other_means, other_spreads, TRUTH), other_labels)
    found = loss(pool(other_means, other_spreads, weights), other_labels)
    assert found < best + 0.004
    assert best < loss(other_means, other_labels) - 0.05


def test_fit_is_the_minimum_of_the_penalised_loss() -> None:
    means, spreads, labels, _ = draw(300, seed=3)
    start = np.eye(4, 9)
    std = np.array([LOG_STD] * 4 + [SPREAD_STD] * 4 + [LOG_STD])

    def objective(weights: Array) -> float:
        features = np.hstack([np.log(np.maximum(means, FLOOR)), spreads, np.ones((300, 1))])
        logs = log_softmax(features @ weights.T, axis=1)
        penalty = (((weights - start) / std) ** 2).sum() / 2
        return float((penalty - logs[np.arange(300), labels].sum()) / 300)

    found = np.array(fit_pooling(means, spreads, labels))
    for index in np.ndindex(found.shape):
        for step in (-0.01, 0.01):
            moved = found.copy()
            moved[index] += step
            assert objective(moved) > objective(found)


@pytest.mark.parametrize("decision", ["mode", "mean"])
def test_a_classifier_pools_by_the_formula(decision: str, tmp_path: Path) -> None:
    rows = tuple(map(tuple, TRUTH.tolist()))
    plain, pooled, scaled = (
        ecgrt.Classifier(build(make_selector(decision=decision, **changes), tmp_path))
        for changes in (
            {},
            {"pooling": rows},
            {"pooling": rows, "calibration_scale": 1.5, "calibration_bias": (1.0, 0.0, 0.0, -1.0)},
        )
    )
    changed = 0
    for logits in draw(200, seed=5)[3]:
        before, found = plain.predict(logits.ravel()), pooled.predict(logits.ravel())
        expected = by_hand(before.segment_probabilities)
        np.testing.assert_allclose(found.probabilities, expected, rtol=2e-6, atol=1e-9)
        np.testing.assert_array_equal(found.segment_probabilities, before.segment_probabilities)
        label = before.label if decision == "mode" else CLASSES[expected.argmax()]
        assert found.label == label
        changed += found.label != before.label
        expected = apply_scaling(expected[None], 1.5, (1.0, 0.0, 0.0, -1.0))[0]
        np.testing.assert_allclose(
            scaled.predict(logits.ravel()).probabilities, expected, rtol=5e-6, atol=1e-9
        )
    assert (changed > 0) == (decision == "mean")


def write_records(folder: Path, count: int, seed: int) -> Path:
    """Write records whose samples are the logits of their segments, and their manifest."""
    _, _, labels, logits = draw(count, seed)
    lines = []
    for number, (rows, label) in enumerate(zip(logits, labels, strict=True)):
        name = f"s{seed}r{number:04}.npy"
        np.save(folder / name, rows.ravel())
        line = {"ecg": name, "labels": [CLASSES[label]], "fs": 300, "unit": "uV"}
        lines.append(json.dumps(line) + "\n")
    path = folder / f"manifest{seed}.json"
    path.write_text("".join(lines))
    return path


def save_model(path: Path, trained: Path) -> Path:
    model = make_selector()
    names = " ".join(item.record.name for item in read_manifest(trained))
    model.metadata_props.add(key=ONNX_TRAINING_RECORDS_KEY, value=names)
    return save(model, path)


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("records")
    return write_records(folder, 1500, 6), write_records(folder, 400, 7)


def test_learnt_from_training_records_it_helps_others(
    manifests: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train, dev = manifests
    path, out = save_model(tmp_path / "model.onnx", train), tmp_path / "out.onnx"
    plain = calibrate_model(path, dev, out)
    assert exit_code("calibrate", path, dev, "--pooling", train, "-o", out) == 0
    assert "pooling   learnt" in capsys.readouterr().out
    again = calibrate_model(out, dev, tmp_path / "again.onnx")  # the pooling stays
    assert again.held_out.log_loss < plain.held_out.log_loss - 0.03
    assert again.before == again.after
    assert (tmp_path / "again.onnx").read_bytes() == out.read_bytes()

    classifier = ecgrt.Classifier(build(onnx.load(out), tmp_path))
    items = read_manifest(dev)
    found = classifier.predict_batch([item.record.signal for item in items])
    right = [
        p.probabilities[CLASSES.index(item.label)] for item, p in zip(items, found, strict=True)
    ]
    assert -np.log(right).mean() == pytest.approx(again.after.log_loss, rel=1e-5)


def test_refused_manifests(manifests: tuple[Path, Path], tmp_path: Path) -> None:
    train, dev = manifests
    path, out = save_model(tmp_path / "model.onnx", train), tmp_path / "out.onnx"
    few = train.with_name("few.json")
    few.write_text("".join(train.read_text().splitlines(keepends=True)[:9]))
    for pooling, message in (
        (dev, "400 of the 400 records, such as s7r0000, are none that the model names"),
        (few, "at least 5 of each class"),
    ):
        with pytest.raises(ValueError, match=message):
            calibrate_model(path, dev, out, pooling=pooling)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        calibrate_model(path, dev, out, pooling=tmp_path / "nowhere.json")
    with pytest.raises(ValueError, match="belong to the model's training set"):
        calibrate_model(path, train, out, pooling=train)
    assert not out.exists()
