"""The convolution by spectra is TensorFlow's own, in value and in gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ecgrt._extras import require_keras
from ecgrt.training.config import NetworkConfig
from ecgrt.training.network import build_network
from ecgrt.training.spectral import bilinear, correlate, spectral_conv

tf = pytest.importorskip("tensorflow", reason='needs pip install "ecgrt[train]"')


@pytest.mark.parametrize(("tile", "taps"), [(32, 16), (64, 16), (32, 1), (32, 17), (8, 4)])
def test_products_make_a_correlation(tile: int, taps: int) -> None:
    rng = np.random.default_rng(tile + taps)
    x, w = rng.normal(size=tile), rng.normal(size=taps)
    to_signal, to_kernel, to_output = bilinear(tile, taps)
    y = to_output @ ((to_signal @ x) * (to_kernel @ w))
    np.testing.assert_allclose(y, np.correlate(x, w, "valid"), atol=1e-5)


@pytest.mark.parametrize(
    ("samples", "taps", "stride", "tile"),
    [
        (70, 16, 1, 32),
        (70, 16, 1, 64),
        (128, 16, 2, 32),
        (96, 7, 3, 64),
        (64, 15, 2, 32),
        (16, 16, 2, 64),
        (2, 16, 2, 32),
    ],
)
def test_value_and_gradients(samples: int, taps: int, stride: int, tile: int) -> None:
    rng = np.random.default_rng(samples + taps)
    x, kernel = (
        tf.constant(rng.normal(size=shape), tf.float32) for shape in ((3, samples, 6), (taps, 6, 5))
    )
    weights = tf.constant(rng.normal(size=(3, samples // stride, 5)), tf.float32)

    def run(convolve: Any) -> list[np.ndarray]:
        with tf.GradientTape() as tape:
            tape.watch([x, kernel])
            y = convolve()
        return [value.numpy() for value in (y, *tape.gradient(y, [x, kernel], weights))]

    expected = run(lambda: tf.nn.conv1d(x, kernel, stride, "SAME"))
    for value, reference in zip(
        run(lambda: correlate(x, kernel, stride, tile)), expected, strict=True
    ):
        assert value.shape == reference.shape
        np.testing.assert_allclose(value, reference, atol=2e-6 * np.abs(reference).max() * 10)


def test_network_of_it_is_the_same_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights move from one to the other by position; wide and narrow layers are both in it."""
    config = NetworkConfig(
        conv_subsample_lengths=(1, 2, 4), conv_increase_channels_at=1, conv_num_filters_start=16
    )
    taken: list[int] = []

    def counted(x: Any, kernel: Any, stride: int, tile: int) -> Any:
        taken.append(stride)
        return correlate(x, kernel, stride, tile)

    monkeypatch.setattr("ecgrt.training.spectral.correlate", counted)
    plain, fast = build_network(config), build_network(config, conv=spectral_conv())
    fast.set_weights(plain.get_weights())
    x = np.random.default_rng(1).normal(size=(2, 160, 1)).astype(np.float32)
    np.testing.assert_allclose(fast.predict_on_batch(x), plain.predict_on_batch(x), atol=1e-5)
    assert taken == [1, 4, 1]  # the second of block 1, both of block 2
    assert isinstance(fast.get_layer("stem.conv"), require_keras().layers.Conv1D)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_left_to_tensorflow(dtype: str) -> None:
    x = np.random.default_rng(2).normal(size=(2, 40, 32)).astype(np.float32)
    fast = spectral_conv()(8, 16, padding="same", dtype=dtype)
    plain = require_keras().layers.Conv1D(8, 16, padding="same", dtype=dtype)
    value = fast(x)
    plain.build(x.shape)
    plain.set_weights(fast.get_weights())
    assert value.dtype == plain(x).dtype == fast.compute_dtype
    np.testing.assert_array_equal(tf.cast(value, tf.float32), tf.cast(plain(x), tf.float32))
