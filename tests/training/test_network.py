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
COMPACT: dict[str, Any] = {
    "conv_normalization": "after",
    "conv_stem_stride": 2,
    "conv_filters": (4, 6, 6, 9),
    "conv_filter_lengths": (5, 3, 5, 3),
    "conv_spatial_dropout": True,
    "head_dropout": 0.3,
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
    {"conv_filters": (4, 6, 6, 9), "conv_filter_lengths": (5, 3, 4, 2)},
    COMPACT,
    {**COMPACT, "conv_num_skip": 1, "conv_stem_stride": 3},
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


def bn(x: np.ndarray, w: Weights, name: str) -> np.ndarray:
    scale = w[f"{name}.gamma"] / np.sqrt(w[f"{name}.moving_variance"] + BATCH_NORM_EPSILON)
    return (x - w[f"{name}.moving_mean"]) * scale + w[f"{name}.beta"]


def bn_relu(x: np.ndarray, w: Weights, name: str) -> np.ndarray:
    return np.maximum(bn(x, w, name), 0)


def forward(x: np.ndarray, w: Weights, config: NetworkConfig) -> np.ndarray:
    """Compute probabilities (S, C) of one signal (T, 1) in float64."""
    if config.is_regular_conv:
        for i, stride in enumerate(config.conv_subsample_lengths):
            x = bn_relu(conv(x, w, f"layer{i}.conv", stride), w, f"layer{i}.bn")
    else:
        x = bn_relu(conv(x, w, "stem.conv", config.conv_stem_stride), w, "stem.bn")
        after = config.conv_normalization == "after"
        for block, stride in enumerate(config.conv_subsample_lengths):
            shortcut = x.reshape(-1, stride, x.shape[1]).max(1)
            missing = config.filters(block) - shortcut.shape[1]
            shortcut = np.pad(shortcut, ((0, 0), (0, missing)))
            for number in range(1, config.conv_num_skip + 1):
                place = f"block{block}.bn{number}"
                if (block, number) != (0, 1) and not after:
                    x = bn_relu(x, w, place)
                x = conv(x, w, f"block{block}.conv{number}", stride if number == 1 else 1)
                if after:
                    x = bn(x, w, place) if number == config.conv_num_skip else bn_relu(x, w, place)
            x = np.maximum(x + shortcut, 0) if after else x + shortcut
        x = x if after else bn_relu(x, w, "head.bn")
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


def test_record_head_sees_readable_segments_only() -> None:
    """Mean, spread and maximum of the evidence, by NumPy, and what is not readable changes none."""
    config = NetworkConfig(**{**TINY, **COMPACT, "evidence": 3})
    model, weights = randomised(config, num_classes=2)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2, 6 * config.samples_per_segment, 1)).astype(np.float32)
    readable = np.array([[1, 1, 1, 1, 1, 1], [0, 1, 1, 0, 0, 1]], np.float32)
    answer = model.predict_on_batch([x, readable])
    assert answer["probabilities"].shape == (2, 6, 2)
    assert answer["evidence"].shape == (2, 6, 3)
    for row in range(2):
        seen = answer["evidence"][row][readable[row] == 1].astype(np.float64)
        pooled = np.concatenate([seen.mean(0), seen.std(0), seen.max(0)])
        expected = pooled @ weights["record.dense.kernel"] + weights["record.dense.bias"]
        np.testing.assert_allclose(answer["record"][row], expected, atol=1e-4)


@pytest.mark.parametrize("changes", FAMILY, ids=str)
def test_multiplications_are_those_of_the_kernels(changes: dict[str, Any]) -> None:
    """Each kernel's size times its outputs, as Keras built the layers."""
    config = NetworkConfig(**{**TINY, **changes})
    samples = 3 * config.samples_per_segment
    model = build_network(config)
    total = 0
    for layer in model.layers:
        if layer.name.endswith((".conv", ".dense")) or ".conv" in layer.name:
            outputs = model.get_layer(layer.name).compute_output_shape((1, samples, 1))[1]
            total += outputs * int(np.prod(layer.kernel.shape))
            samples = outputs
    assert config.multiplications(3 * config.samples_per_segment) == total


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
    shortest = min(map(config.filter_length, range(len(config.conv_subsample_lengths))))
    if shortest < max(config.conv_subsample_lengths):
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
