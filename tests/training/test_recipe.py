"""What a recipe may add to the published one: loss, averaged weights, start, devices."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_training import tiny_config, write_data

import ecgrt.training.train
from ecgrt._extras import require_keras
from ecgrt.metadata import digest_records
from ecgrt.training.config import TrainConfig
from ecgrt.training.learner import Learner
from ecgrt.training.loss import make_loss
from ecgrt.training.runs import Run
from ecgrt.training.train import train

tf = pytest.importorskip("tensorflow", reason='needs pip install "ecgrt[train]"')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_data(tmp_path)
    return tmp_path


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)))


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_worked_by_hand(share: float, smoothing: float) -> None:
    """Two records of three and two segments, the second padded with what must not count."""
    rng = np.random.default_rng(5)
    logits = rng.normal(size=(2, 3, 4)) * 3
    labels = (1, 3)
    segments = [log_softmax(logits[0]), log_softmax(logits[1, :2])]
    records = [log_softmax(logits[0].mean(0)), log_softmax(logits[1, :2].mean(0))]

    def entropy(log: np.ndarray, label: int) -> Any:
        return -(1 - smoothing) * log[..., label] - smoothing * log.mean(-1)

    pairs = zip(segments, labels, strict=True)
    per_segment = np.concatenate([entropy(log, label) for log, label in pairs]).mean()
    per_record = np.mean([entropy(r, label) for r, label in zip(records, labels, strict=True)])
    config = TrainConfig(train="a", dev="b", record_loss=share, label_smoothing=smoothing)
    loss = make_loss(config)(
        np.array([[1, 1, 1], [3, 3, 0]]),
        tf.constant(logits, tf.float32),
        np.ones((2, 3)) * [[1], [1]] - [[0, 0, 0], [0, 0, 1]],
    )
    assert float(loss) == pytest.approx((1 - share) * per_segment + share * per_record, rel=1e-5)


def test_average_is_saved_and_the_weights_go_on(folder: Path) -> None:
    """After two steps it is m * w1 + (1 - m) * w2, while the weights are still w2."""
    momentum = 0.75
    config = tiny_config(folder, averaging=momentum, batch_size=5)  # 10 records: two steps
    metadata, data = ecgrt.training.train._load(config, "x")
    learner = Learner(config, len(metadata.classes))
    steps: list[list[np.ndarray]] = []
    kernels = learner._trainee.trainable_variables

    class Recorder(require_keras().callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            steps.append([variable.numpy().copy() for variable in kernels])

    fit = learner._trainee.fit
    learner._trainee.fit = lambda *a, callbacks, **k: fit(
        *a, **k, callbacks=[*callbacks, Recorder()]
    )
    learner.fit(data.train, 1, 1e-2)
    learner.evaluate(data.dev)
    learner.save_network(folder / "average.keras")
    saved = require_keras().saving.load_model(folder / "average.keras").trainable_variables
    assert len(steps) == 2
    for variable, average, first, second in zip(kernels, saved, *steps, strict=True):
        expected = momentum * first + (1 - momentum) * second
        np.testing.assert_allclose(average.numpy(), expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(variable.numpy(), second)
        assert np.abs(first - second).max() > 0


def test_varied_run_resumes_to_the_bit(folder: Path) -> None:
    """Crops, noise, averages and cosine follow from seed and epoch, not from what ran before."""
    fields: dict[str, Any] = {
        "schedule": "cosine",
        "averaging": 0.9,
        "record_loss": 0.5,
        "label_smoothing": 0.1,
        "crop_seconds": 4.0,
        "stretch": 0.1,
        "amplitude": 1.0,
        "flip": 0.5,
        "wander": 0.2,
        "hum": 0.1,
        "noise": 0.1,
    }
    config = tiny_config(folder, max_epochs=3, **fields)
    straight = Run(train(config, "straight")).history()
    learning = [row.learning_rate for row in straight]
    assert learning == pytest.approx([1e-3 * 0.933013, 1e-3 * 0.5, 1e-3 * 0.066987], rel=1e-4)
    evaluate, calls = Learner.evaluate, []

    def failing(self: Learner, examples: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return evaluate(self, examples)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "evaluate", failing)
        with pytest.raises(KeyboardInterrupt):
            train(config, "cut")
    resumed = Run(train(config, "cut", resume=True)).history()
    for row, other in zip(straight, resumed, strict=True):
        assert (row.loss, row.val_loss, row.f1) == (other.loss, other.val_loss, other.f1)


def test_starts_from_a_checkpoint(folder: Path) -> None:
    run = train(tiny_config(folder, max_epochs=1), "first")
    (checkpoint,) = run.glob("*.keras")
    learner = Learner(tiny_config(folder, initial_weights=str(checkpoint), seed=7), 4)
    expected = require_keras().saving.load_model(checkpoint).get_weights()
    for value, other in zip(learner._model.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(value, other)


def test_what_the_initial_weights_have_seen_is_told_and_kept_from_dev(folder: Path) -> None:
    (checkpoint,) = train(tiny_config(folder, max_epochs=1), "first").glob("*.keras")
    names = checkpoint.with_name("training_records")
    names.write_text("elsewhere\ntrain3\n")
    config = tiny_config(folder, initial_weights=str(checkpoint), max_epochs=1)
    run = Run(train(config, "second"))
    assert run.training_records() == ["elsewhere", *(f"train{i}" for i in range(10))]
    assert run.metadata().training_records == 11
    assert run.metadata().training_digest == digest_records(run.training_records())
    names.write_text("dev1\n")
    with pytest.raises(ValueError, match=r"dev1 is in dev, but .* was trained on it"):
        train(config, "second")
    names.unlink()
    with pytest.raises(FileNotFoundError, match="training_records is missing"):
        train(config, "second")


def test_checkpoint_that_cannot_be_started_from(folder: Path) -> None:
    run = train(tiny_config(folder, max_epochs=1), "first")
    (checkpoint,) = run.glob("*.keras")
    fields = {"initial_weights": str(checkpoint), "conv_num_filters_start": 8}
    with pytest.raises(ValueError, match="is another network"):
        Learner(tiny_config(folder, **fields), 4)
    with pytest.raises(FileNotFoundError, match=r"no such checkpoint: nowhere\.keras"):
        train(tiny_config(folder, initial_weights="nowhere.keras"))
    damaged = folder / "damaged.keras"
    damaged.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(ValueError, match="no whole Keras checkpoint"):
        Learner(tiny_config(folder, initial_weights=str(damaged)), 4)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_leaves_a_float32_checkpoint(folder: Path, precision: str) -> None:
    """With as many channels as are convolved by spectra in float32."""
    fields: dict[str, Any] = {"precision": precision, "conv_num_filters_start": 32}
    config = tiny_config(folder, max_epochs=1, averaging=0.5, **fields)
    (checkpoint,) = train(config, "mixed").glob("*.keras")
    keras = require_keras()
    assert keras.config.dtype_policy().name == "float32"
    model = keras.saving.load_model(checkpoint)
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}


def test_gpus_that_are_not_there(folder: Path) -> None:
    if len(tf.config.list_physical_devices("GPU")) > 1:
        pytest.skip("this machine has several GPUs")
    with pytest.raises(ValueError, match="multi_gpu is true, but TensorFlow sees"):
        Learner(tiny_config(folder, multi_gpu=True), 4)


TWO_DEVICES = """
import sys
from dataclasses import replace
from pathlib import Path
from ecgrt._extras import require_keras
require_keras()
import tensorflow as tf
cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import ecgrt.training.learner
from ecgrt.training.config import TrainConfig
from ecgrt.training.runs import Run
from ecgrt.training.train import train
config = TrainConfig.load(sys.argv[1])
one = Run(train(config, "one")).history()
mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert mirrored.num_replicas_in_sync == 2
ecgrt.training.learner._strategy = lambda *_: mirrored
two = Run(train(replace(config, multi_gpu=True), "two")).history()
print("losses", *(row.loss for row in one + two))
"""


def test_two_copies_of_the_network_learn_as_one(folder: Path) -> None:
    """Two devices of one processor stand in for two GPUs.

    The plain variant without batch norm's batch statistics is not at hand, so the copies, each with
    the statistics of its part of the batch, come close and not to the bit.
    """
    config = tiny_config(folder, max_epochs=2, averaging=0.5, conv_dropout=0.0)
    path = folder / "config.json"
    path.write_text(json.dumps(config.to_dict()))
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    losses = [float(word) for word in done.stdout.splitlines()[-1].split()[1:]]
    assert losses[2:] == pytest.approx(losses[:2], rel=0.1)
