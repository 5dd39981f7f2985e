"""Training: exact to resume, best by F1, blind to padding, clear about what went wrong."""

from __future__ import annotations

import json
import signal
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_training import tiny_config, write_data

import ecgrt.training.learner
import ecgrt.training.train
from ecgrt._extras import require_keras
from ecgrt.metadata import digest_records
from ecgrt.records.manifest import read_manifest
from ecgrt.training import examples
from ecgrt.training.config import TrainConfig
from ecgrt.training.examples import Example
from ecgrt.training.learner import Learner
from ecgrt.training.runs import Run
from ecgrt.training.train import train

pytest.importorskip("tensorflow", reason='needs pip install "ecgrt[train]"')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_data(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four epochs in one go."""
    folder = tmp_path_factory.mktemp("straight")
    write_data(folder)
    return train(tiny_config(folder, tensorboard=True), "straight")


def assert_same(one: Path, other: Path) -> None:
    """Every metric and every weight of every epoch is the same, to the bit."""
    load = require_keras().saving.load_model
    rows = [Run(run).history() for run in (one, other)]
    assert len(rows[0]) == len(rows[1])
    for row, other_row in zip(*rows, strict=True):
        assert replace(row, seconds=0) == replace(other_row, seconds=0)
        weights = [load(one / row.checkpoint).weights, load(other / row.checkpoint).weights]
        for a, b in zip(*weights, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_what_a_run_leaves(straight: Path) -> None:
    run = Run(straight)
    history = run.history()
    assert [r.epoch for r in history] == [1, 2, 3, 4]
    first = history[0]
    assert first.checkpoint == (
        f"{first.val_loss:.3f}-{first.val_accuracy:.3f}-001-{first.loss:.3f}-{first.accuracy:.3f}"
        ".keras"
    )
    assert {path.name for path in straight.iterdir()} == {
        "config.json",
        "curves.svg",
        "dev_digest",
        "history.csv",
        "preprocessing.json",
        "resume-004.weights.h5",
        "tensorboard",
        "training_records",
        *(r.checkpoint for r in history),
    }
    names = [f"train{i}" for i in range(10)]
    assert run.training_records() == names
    metadata = run.metadata()
    assert (metadata.model, metadata.classes) == ("straight", ("A", "N", "O", "~"))
    assert metadata.training_digest == digest_records(names)
    assert metadata.label_version == "unknown"
    model = require_keras().saving.load_model(straight / first.checkpoint, safe_mode=True)
    assert model.output_shape == (None, None, 4)


def test_dev_metrics_are_those_of_the_checkpoint(straight: Path) -> None:
    """Loss and accuracy, from the records one at a time and unpadded."""
    run = Run(straight)
    config = TrainConfig.load(straight / "config.json")
    last = run.history()[-1]
    model = require_keras().saving.load_model(straight / last.checkpoint)
    losses, right = [], []
    for item in read_manifest(config.dev):
        example = examples.prepare(item, run.metadata())
        (answer,) = model.predict_on_batch(example.signal[np.newaxis, :, np.newaxis])
        losses += [-np.log(p[t]) for p, t in zip(answer, example.targets, strict=True)]
        right += (answer.argmax(-1) == example.targets).tolist()
    assert last.val_loss == pytest.approx(np.mean(losses), rel=1e-5)
    assert last.val_accuracy == np.mean(right)


def test_curves_for_tensorboard(straight: Path) -> None:
    import tensorflow as tf

    curve = {}
    for path in (straight / "tensorboard").iterdir():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for event in tf.compat.v1.train.summary_iterator(str(path)):
                for value in event.summary.value:
                    if value.tag == "val_loss":
                        curve[event.step] = float(tf.make_ndarray(value.tensor))
    expected = {r.epoch: r.val_loss for r in Run(straight).history()}
    assert curve == pytest.approx(expected, rel=1e-6)


def test_interrupted_and_resumed_run_equals_a_straight_one(
    folder: Path,
    straight: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Ctrl-C in the third epoch, when its weights have changed and nothing of it is written."""
    evaluate = Learner.evaluate
    calls = []

    def interrupted(self: Learner, examples: Sequence[Example]) -> Any:
        calls.append(1)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return evaluate(self, examples)

    monkeypatch.setattr(Learner, "evaluate", interrupted)
    config = tiny_config(folder)
    # where tests run in the background, the shell has told them to ignore Ctrl-C
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            train(config, "cut")
    finally:
        signal.signal(signal.SIGINT, before)
    assert "2 epochs are complete, go on with --resume" in capsys.readouterr().out
    (run,) = (folder / "saved" / "cut").iterdir()
    assert len(Run(run).history()) == 2
    assert len(list(run.glob("*.keras"))) == 2
    assert train(config, "cut", resume=True) == run
    assert_same(straight, run)


def test_every_record_is_trained_on_in_every_epoch(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collate = examples.collate
    seen: list[list[str]] = []

    def watched(examples: Sequence[Example]) -> Any:
        seen.append([example.name for example in examples])
        return collate(examples)

    config = tiny_config(folder, batch_size=4)
    metadata, data = ecgrt.training.train._load(config, "x")
    monkeypatch.setattr(ecgrt.training.learner, "collate", watched)
    Learner(config, len(metadata.classes)).fit(data.train, 1, 1e-3)
    assert sorted(len(names) for names in seen) == [2, 4, 4]
    assert sorted(name for names in seen for name in names) == sorted(e.name for e in data.train)


def test_padding_does_not_count(folder: Path) -> None:
    """Filters that do not reach into their neighbours' segments, so that only the loss could."""
    config = tiny_config(folder, is_regular_conv=True, conv_filter_length=16)
    metadata, data = ecgrt.training.train._load(config, "x")
    learner = Learner(config, len(metadata.classes))
    some = data.train[:4]
    signals, targets, weights = examples.collate(some)
    assert (weights == 0).any()
    loss, accuracy = learner._trainee.test_on_batch(signals, targets, sample_weight=weights)
    unpadded_loss, unpadded_accuracy, _ = learner.evaluate(some)
    assert loss == pytest.approx(unpadded_loss, rel=1e-5)
    assert accuracy == pytest.approx(unpadded_accuracy, rel=1e-6)
    longer = [((0, 0), (0, extra)) for extra in (3 * 256, 3, 3)]
    padded = [
        np.pad(array, [*width, (0, 0)][: array.ndim])
        for array, width in zip((signals, targets, weights), longer, strict=True)
    ]
    longer_loss, _ = learner._trainee.test_on_batch(padded[0], padded[1], sample_weight=padded[2])
    assert longer_loss == pytest.approx(loss, rel=1e-6)


def test_other_seed_other_weights(folder: Path) -> None:
    def kernel(seed: int) -> np.ndarray:
        model = Learner(tiny_config(folder, seed=seed), 4)._trainee
        value: np.ndarray = model.get_layer("stem.conv").kernel.numpy()
        return value

    np.testing.assert_array_equal(kernel(1), kernel(1))
    assert (kernel(1) != kernel(2)).any()


class ScriptedLearner:
    """Trains nothing; its dev losses are given."""

    losses: Sequence[float] = ()
    rates: list[float]

    def __init__(self, config: TrainConfig, num_classes: int) -> None:
        type(self).rates = []

    def fit(self, examples: Any, epoch: int, learning_rate: float) -> tuple[float, float]:
        self.rates.append(learning_rate)
        return 1.0, 0.5

    def evaluate(self, examples: Sequence[Example]) -> tuple[float, float, dict[str, int]]:
        return self.losses[len(self.rates) - 1], 0.5, {e.name: 1 for e in examples}

    def save_network(self, path: Path) -> None:
        path.touch()

    save_state = load_state = save_network


def test_learning_rate_and_end_follow_the_dev_loss(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ecgrt.training.train, "Learner", ScriptedLearner)
    monkeypatch.setattr(ScriptedLearner, "losses", [1.0, 0.5, 0.6, 0.6, 0.4, 0.5, 0.5, 0.5, 0.5])
    run = train(tiny_config(folder, max_epochs=50, stop_patience=4))
    assert ScriptedLearner.rates == pytest.approx([1e-3] * 4 + [1e-4] * 3 + [1e-5] * 2)
    assert "no lower dev loss for 4 epochs; the best is epoch 5" in capsys.readouterr().out
    assert [r.learning_rate for r in Run(run).history()] == ScriptedLearner.rates
    assert run.parent == folder / "saved" / "default"


def test_finished_run_has_nothing_to_resume(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecgrt.training.train, "Learner", ScriptedLearner)
    monkeypatch.setattr(ScriptedLearner, "losses", [1.0, 0.9])
    config = tiny_config(folder, max_epochs=2)
    run = train(config)
    before = (run / "history.csv").read_bytes()
    assert train(config, resume=True) == run
    assert (run / "history.csv").read_bytes() == before


def test_label_version_is_that_of_the_split(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecgrt.training.train, "Learner", ScriptedLearner)
    monkeypatch.setattr(ScriptedLearner, "losses", [1.0])
    for digest, version in (
        (digest_records(f"train{i}" for i in range(10)), "v3"),
        ("", "unknown"),
    ):
        summary = {"label_version": "v3", "train": {"digest": digest}}
        (folder / "split.json").write_text(json.dumps(summary))
        run = train(tiny_config(folder, max_epochs=1))
        assert Run(run).metadata().label_version == version


def test_out_of_memory_names_batch_size(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    config = tiny_config(folder)
    metadata, data = ecgrt.training.train._load(config, "x")
    learner = Learner(config, len(metadata.classes))

    def exhausted(*args: Any, **kwargs: Any) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr(learner._trainee, "fit", exhausted)
    with pytest.raises(ValueError, match="batch_size is 4; make it smaller"):
        learner.fit(data.train, 1, 1e-3)
    monkeypatch.setattr(learner._model, "predict_on_batch", exhausted)
    with pytest.raises(ValueError, match="batch_size is 4; make it smaller"):
        learner.evaluate(data.dev)


def test_diverged_loss_names_learning_rate(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"the loss is nan .* learning_rate smaller"):
        train(tiny_config(folder, learning_rate=1e30))


def test_nothing_to_resume(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="without --resume"):
        train(tiny_config(folder), resume=True)


def test_other_recipe_or_data_cannot_resume(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecgrt.training.train, "Learner", ScriptedLearner)
    monkeypatch.setattr(ScriptedLearner, "losses", [1.0])
    config = tiny_config(folder, max_epochs=1)
    train(config)
    with pytest.raises(ValueError, match="was started with batch_size = 4, not 8"):
        train(replace(config, batch_size=8), resume=True)
    write_data(folder, train=9)
    with pytest.raises(ValueError, match="on other training data"):
        train(config, resume=True)


def test_record_in_train_and_dev(folder: Path) -> None:
    config = tiny_config(folder)
    with pytest.raises(ValueError, match="record dev0 is in train and in dev"):
        train(replace(config, train=config.dev))


def test_dev_without_a_scored_class(folder: Path) -> None:
    path = folder / "dev.json"
    path.write_text("".join(f"{line}\n" for line in path.read_text().splitlines()[:2]))
    with pytest.raises(ValueError, match="no record labelled O"):
        train(tiny_config(folder))
