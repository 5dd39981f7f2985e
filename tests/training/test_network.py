"""The network: against a forward pass in NumPy, for many configurations of the family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgrt._extras import require_keras
from ecgrt.training.config import NetworkConfig
from ecgrt.training.network import BATCH_NORM_EPSILON, build_network

pytest.importorskip("tensorflow", reason='needs pip install "ecgrt[train]"')

Weights = dict[str, np.ndarray]
TINY: dict[str, Any] = {
    "conv_subsample_lengths": (1, 2, 1, 2),
    "conv_filter_length": 5,
    "conv_num_filters_start": 4,
    "conv_increase_channels_at": 2,
}
FAMILY: list[dict[str, Any]] = [
    {},
    {"conv_num_skip": 1},
    {"conv_num_skip": 3, "conv_dropout": 0.0},
    {"conv_subsample_lengths": (1, 2, 3, 4), "conv_increase_channels_at": 1},
    {"conv_subsample_lengths": (4, 1, 4), "conv_filter_length": 3},
    {"conv_subsample_lengths": (4, 3), "conv_filter_length": 2, "conv_increase_channels_at": 10},
    {"conv_subsample_lengths": (2, 2), "conv_filter_length": 16},
    {"conv_filter_length": 1},
    {"is_regular_conv": True},
    {"is_regular_conv": True, "conv_subsample_lengths": (4, 4), "conv_filter_length": 4},
]


def randomised(config: NetworkConfig, num_classes: int = 4) -> tuple[Any, Weights]:
    """Return a network whose weights, batch norms too, are random, and these by name."""
    model = build_network(config, num_classes)
    rng = np.random.default_rng(0)
    weights = {}
    for layer in model.layers:
        for variable in layer.weights:
            if "seed" not in variable.name:
                value = rng.normal(size=variable.shape) * 0.5
                if variable.name in ("gamma", "moving_variance"):  # keeps every channel alive
                    value = np.abs(value) + 0.5
                variable.assign(value.astype(np.float32))
                weights[f"{layer.name}.{variable.name}"] = value
    return model, weights


def conv(x: np.ndarray, w: Weights, name: str, stride: int) -> np.ndarray:
    """'same' as TensorFlow pads: the odd zero goes to the end."""
    kernel = w[f"{name}.kernel"]
    outputs = -(-len(x) // stride)
    padding = max((outputs - 1) * stride + len(kernel) - len(x), 0)
    x = np.pad(x, ((padding // 2, padding - padding // 2), (0, 0)))
    rows = [
        np.tensordot(x[i * stride : i * stride + len(kernel)], kernel, 2) for i in range(outputs)
    ]
    return np.stack(rows) + w[f"{name}.bias"]


def bn_relu(x: np.ndarray, w: Weights, name: str) -> np.ndarray:
    scale = w[f"{name}.gamma"] / np.sqrt(w[f"{name}.moving_variance"] + BATCH_NORM_EPSILON)
    return np.maximum((x - w[f"{name}.moving_mean"]) * scale + w[f"{name}.beta"], 0)


def forward(x: np.ndarray, w: Weights, config: NetworkConfig) -> np.ndarray:
    """Compute probabilities (S, C) of one signal (T, 1) in float64."""
    if config.is_regular_conv:
        for i, stride in enumerate(config.conv_subsample_lengths):
            x = bn_relu(conv(x, w, f"layer{i}.conv", stride), w, f"layer{i}.bn")
    else:
        x = bn_relu(conv(x, w, "stem.conv", 1), w, "stem.bn")
        for block, stride in enumerate(config.conv_subsample_lengths):
            shortcut = x.reshape(-1, stride, x.shape[1]).max(1)
            if block > 0 and block % config.conv_increase_channels_at == 0:
                shortcut = np.concatenate([shortcut, np.zeros_like(shortcut)], axis=1)
            for number in range(1, config.conv_num_skip + 1):
                if (block, number) != (0, 1):
                    x = bn_relu(x, w, f"block{block}.bn{number}")
                x = conv(x, w, f"block{block}.conv{number}", stride if number == 1 else 1)
            x = x + shortcut
        x = bn_relu(x, w, "head.bn")
    logits = x @ w["head.dense.kernel"] + w["head.dense.bias"]
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    probabilities: np.ndarray = powers / powers.sum(-1, keepdims=True)
    return probabilities


@pytest.mark.parametrize("changes", FAMILY, ids=str)
def test_against_numpy(changes: dict[str, Any]) -> None:
    config = NetworkConfig(**{**TINY, **changes})
    model, weights = randomised(config)
    segments = 5
    x = np.random.default_rng(1).normal(size=(2, segments * config.samples_per_segment, 1))
    answer = model.predict_on_batch(x.astype(np.float32))
    assert answer.shape == (2, segments, 4)
    expected = np.stack([forward(signal, weights, config) for signal in x])
    np.testing.assert_allclose(answer, expected, atol=2e-5)
    assert expected.std(axis=1).max() > 1e-3  # the segments do differ


@pytest.mark.parametrize("changes", FAMILY, ids=str)
def test_receptive_field(changes: dict[str, Any]) -> None:
    """A gradient reaches the first and the last sample of the field, and none beyond."""
    import tensorflow as tf

    config = NetworkConfig(**{**TINY, **changes})
    model = build_network(config)
    for layer in model.layers:
        for variable in layer.trainable_variables:
            if variable.name == "kernel":  # positive weights on positive signals: ReLUs stay open
                variable.assign(tf.random.uniform(variable.shape, 0.01, 0.1, seed=1))
    low, high = config.receptive_field
    middle = config.context_segments
    samples = (2 * middle + 1) * config.samples_per_segment
    signal = tf.constant(np.random.default_rng(1).uniform(1, 2, (1, samples, 1)), tf.float32)
    logits = require_keras().Model(model.inputs, model.get_layer("head.dense").output)
    with tf.GradientTape() as tape:
        tape.watch(signal)
        output = logits(signal)[0, middle, 0]
    (reached,) = np.nonzero(tape.gradient(output, signal).numpy()[0, :, 0])
    start = middle * config.samples_per_segment
    if config.conv_filter_length < max(config.conv_subsample_lengths):
        # Between the filters the maximum alone looks, and it passes one sample's gradient.
        assert reached[0] >= start + low
        assert reached[-1] <= start + high
    else:
        assert (reached[0], reached[-1]) == (start + low, start + high)


def test_reference_network() -> None:
    model = build_network(NetworkConfig())
    assert model.count_params() == 10_473_892
    assert model.input_shape == (None, None, 1)
    assert model.output_shape == (None, None, 4)
    answer = model.predict_on_batch(np.zeros((1, 768, 1), np.float32))
    assert answer.shape == (1, 3, 4)
    np.testing.assert_allclose(answer.sum(-1), 1, rtol=1e-6)
    kinds = {type(layer).__name__ for layer in model.layers}
    assert "Lambda" not in kinds
    assert type(model.layers[-1]).__name__ == "Softmax"
    dropouts = [layer.rate for layer in model.layers if type(layer).__name__ == "Dropout"]
    assert dropouts == [0.2] * 16


def test_checkpoint_loads_in_safe_mode(tmp_path: Path) -> None:
    config = NetworkConfig(**TINY)
    model, _ = randomised(config, num_classes=3)
    model.save(tmp_path / "a.keras")
    loaded = require_keras().saving.load_model(tmp_path / "a.keras", safe_mode=True)
    x = np.random.default_rng(1).normal(size=(1, 64, 1)).astype(np.float32)
    np.testing.assert_array_equal(loaded.predict_on_batch(x), model.predict_on_batch(x))


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        build_network(NetworkConfig(**TINY), num_classes=1)
