"""Networks with a record head: what they learn from; ONNX and metadata carry both parts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_training import tiny_config, write_data

from ecgrt._extras import require_keras
from ecgrt.metadata import ONNX_KEY, Metadata
from ecgrt.records.manifest import read_manifest
from ecgrt.training.answers import answer_records, load_checkpoint
from ecgrt.training.config import TrainConfig
from ecgrt.training.examples import Example
from ecgrt.training.export import export
from ecgrt.training.learner import Learner
from ecgrt.training.loss import make_loss
from ecgrt.training.record_head import RecordHead, pooled
from ecgrt.training.runs import Run, best
from ecgrt.training.train import train
from ecgrt.training.trainee import make_optimizer, with_records

for module in ("tensorflow", "tf2onnx"):
    pytest.importorskip(module, reason='needs pip install "ecgrt[train]"')

ROOT = Path(__file__).parents[2]
COMPACT: dict[str, Any] = {
    "evidence": 3,
    "conv_normalization": "after",
    "conv_spatial_dropout": True,
    "head_dropout": 0.2,
    "optimizer": "adamw",
    "warmup_steps": 4,
    "schedule": "cosine",
    "checkpoint": "last",
    "record_loss": 0.75,
    "short": 0.3,
    "gaps": 0.3,
    "max_epochs": 2,
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compact")
    write_data(folder)
    return train(tiny_config(folder, **COMPACT), "compact")


def checkpoint(run: Path) -> Path:
    return run / best(Run(run).history(), "last").checkpoint


def test_the_shipped_recipe_is_what_is_promised() -> None:
    config = TrainConfig.load(ROOT / "configs" / "compact.json")
    student = TrainConfig.load(ROOT / "configs" / "compact-student.json")
    assert student.teacher is not None
    assert replace(student, teacher=None) == config
    assert config.multiplications(2976) < 60e6
    assert config.samples_per_segment == 32
    assert config.signal == {"band": [0.5, 40.0], "half_width": 200, "scale": "local"}


def test_export_carries_network_and_record_head(trained: Path, tmp_path: Path) -> None:
    """ONNX Runtime's evidence through the metadata's head gives Keras' answer to each record."""
    import onnx
    import onnxruntime

    out = tmp_path / "model.onnx"
    export(trained, out)
    model = onnx.load(out)
    (text,) = (entry.value for entry in model.metadata_props if entry.key == ONNX_KEY)
    metadata = Metadata.from_json(text)
    assert metadata.record_head is not None
    assert [output.name for output in model.graph.output] == ["probabilities", "evidence"]
    head = RecordHead.from_dict(metadata.record_head, 4)
    network = load_checkpoint(checkpoint(trained))
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(1)
    for segments in (1, 7):
        x = rng.normal(size=(1, segments * 256, 1)).astype(np.float32)
        probabilities, evidence = session.run(None, {"signal": x})
        expected = network.predict_on_batch([x, np.ones((1, segments), np.float32)])
        np.testing.assert_allclose(probabilities, expected["probabilities"], atol=1e-5)
        logits = head.logits(pooled(evidence[0]))
        # Keras adds a little to the variance, so that its root has a gradient.
        np.testing.assert_allclose(logits, expected["record"][0], atol=5e-3)


def test_answers_are_those_of_the_record_head(trained: Path) -> None:
    run = Run(trained)
    records = read_manifest(TrainConfig.load(trained / "config.json").dev)
    answers = answer_records(checkpoint(trained), run.metadata(), records)
    assert answers.names.tolist() == [item.record.name for item in records]
    np.testing.assert_allclose(answers.probabilities.sum(axis=1), 1, atol=1e-6)
    assert (answers.decided == answers.probabilities.argmax(axis=1)).all()
    right = np.mean(answers.decided == answers.labels)
    assert run.history()[-1].val_accuracy == pytest.approx(right, abs=1e-6)


def test_batch_for_a_record_head() -> None:
    """A teacher has its share of the targets; what is padding or unreadable has no weight."""
    teacher = np.array([0.5, 0.5, 0.0], np.float32)
    long = Example("a", np.ones(30, np.float32), np.full(3, 1, np.int32), taught=teacher)
    readable = np.array([True, False])
    short = Example("b", np.ones(20, np.float32), np.full(2, 2, np.int32), readable)
    (signals, weights), targets, sample_weights = with_records([long, short], 3, 0.4)
    assert signals.shape == (2, 30, 1)
    np.testing.assert_array_equal(weights, [[1, 1, 1], [1, 0, 0]])
    np.testing.assert_array_equal(sample_weights["segments"], weights)
    np.testing.assert_allclose(targets["record"], [[0.2, 0.8, 0], [0, 0, 1]])
    np.testing.assert_allclose(targets["segments"][0], [[0.2, 0.8, 0]] * 3)


def test_losses_of_a_record_head_worked_by_hand() -> None:
    config = TrainConfig(train="a", dev="b", evidence=2, record_loss=0.25, label_smoothing=0.1)
    losses = make_loss(config)
    rng = np.random.default_rng(1)
    logits, goal = rng.normal(size=(2, 3, 4)), rng.dirichlet(np.ones(4), size=(2, 3))
    weights = np.array([[1.0, 1, 1], [1, 0, 0]])
    log = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    entropy = -((0.9 * goal + 0.1 / 4) * log).sum(-1)
    segments = losses["segments"](goal, logits.astype(np.float32), weights)
    assert float(segments) == pytest.approx(0.75 * (entropy * weights).sum() / 4, rel=1e-5)
    record = losses["record"](goal[:, 0], logits[:, 0].astype(np.float32), np.ones(2))
    assert float(record) == pytest.approx(0.25 * entropy[:, 0].mean(), rel=1e-5)


def test_learning_rate_rises_first(tmp_path: Path) -> None:
    """Ten records in batches of four: three steps an epoch, four steps of warm-up."""
    config = tiny_config(tmp_path, **COMPACT)
    learner = Learner(config, 4)
    rates: list[float] = []
    for epoch in (1, 2):
        for callback in learner._warmup(10, epoch, 0.1):
            for batch in range(3):
                callback.on_train_batch_begin(batch)
                rates.append(float(learner._trainee.optimizer.learning_rate.numpy()))
    np.testing.assert_allclose(rates, [0.025, 0.05, 0.075, 0.1, 0.1, 0.1], rtol=1e-5)
    assert learner._warmup(10, 3, 0.1) == []


def test_adamw_decays_kernels_only(tmp_path: Path) -> None:
    """Without gradients the kernels shrink by rate times decay, and nothing else moves."""
    keras = require_keras()
    config = tiny_config(tmp_path, **COMPACT, weight_decay=0.5)
    layers = [keras.layers.Dense(2, name="a"), keras.layers.BatchNormalization()]
    model = keras.Sequential([keras.Input((3,)), *layers])
    optimizer = make_optimizer(keras, config)
    optimizer.build(model.trainable_variables)
    model.layers[0].bias.assign([1.0, 2.0])
    before = [variable.numpy() for variable in model.trainable_variables]
    optimizer.apply_gradients([(0 * v, v) for v in model.trainable_variables])
    for variable, old in zip(model.trainable_variables, before, strict=True):
        factor = 1 - config.learning_rate * 0.5 if variable.name == "kernel" else 1
        np.testing.assert_allclose(variable.numpy(), factor * old, rtol=1e-5)


def test_a_teacher_must_know_every_record(tmp_path: Path) -> None:
    write_data(tmp_path)
    answers = tmp_path / "answers.npz"
    np.savez(answers, names=np.array(["train0"]), probabilities=np.full((1, 4), 0.25))
    config = tiny_config(tmp_path, **COMPACT, teacher=str(answers))
    with pytest.raises(ValueError, match="no answer to record train1"):
        train(config, "x")
    with pytest.raises(FileNotFoundError, match="teacher: there are no answers"):
        train(tiny_config(tmp_path, **COMPACT, teacher=str(tmp_path / "none.npz")), "x")


def test_config_of_a_run_is_read_back(trained: Path) -> None:
    config = TrainConfig.load(trained / "config.json")
    assert config.evidence == 3
    assert json.loads(json.dumps(config.to_dict()))["checkpoint"] == "last"
