"""A network as plain Keras layers, with the weights that the ONNX model has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..._extras import require_keras
from ...compile.fusion import FusedConv, FusedNetwork
from ..models import Model


def saved_network(source: Model) -> Path:
    """Return a model's network as a ``.keras`` file in its folder, written at the first call."""
    path = source.folder / "network.keras"
    if not path.exists():
        keras_network(source.network).save(path)
    return path


def keras_network(network: FusedNetwork) -> Any:
    """Return a Keras model of fused layers.

    Rows are images of one line, (records, 1, n, 1), for Keras' one-dimensional layers put each of
    their inputs into another shape and back. The answer is (records, segments, classes).
    """
    keras = require_keras()
    tensors = {0: keras.Input((1, None, 1))}
    for conv in network.convolutions:
        _add(keras, tensors, conv)
    logits = tensors[network.logits][:, 0, :, : network.classes]
    return keras.Model(tensors[0], keras.layers.Softmax()(logits))


def _add(keras: Any, tensors: dict[int, Any], conv: FusedConv) -> None:
    layers = keras.layers
    taps, _, filters = conv.kernel.shape
    missing = max(taps - conv.stride, 0)
    same = conv.pad == missing // 2
    x = tensors[conv.input]
    if not same:
        x = layers.ZeroPadding2D(((0, 0), (conv.pad, max(missing - conv.pad, 0))))(x)
    # Kernels of fewer taps than the stride leave rows out, which "valid" does as well.
    padding = "same" if same and taps >= conv.stride else "valid"
    layer = layers.Conv2D(filters, (1, taps), (1, conv.stride), padding)
    x = layer(x)
    layer.set_weights([conv.kernel[None].astype(np.float32), conv.bias.astype(np.float32)])
    if conv.residual >= 0:
        x = layers.Add()([x, _shortcut(keras, tensors[conv.residual], conv.pool, filters)])
    if conv.raw >= 0:
        tensors[conv.raw] = x
    if conv.activated >= 0:
        if conv.scale is not None and conv.shift is not None:
            norm = layers.BatchNormalization(epsilon=0.0)
            x = norm(x)
            none, one = np.zeros(filters), np.ones(filters)
            norm.set_weights([conv.scale, conv.shift, none, one])
        tensors[conv.activated] = layers.ReLU()(x)


def _shortcut(keras: Any, x: Any, pool: int, filters: int) -> Any:
    if pool > 1:
        x = keras.layers.MaxPooling2D((1, pool))(x)
    if more := filters - x.shape[-1]:
        x = keras.ops.pad(x, ((0, 0), (0, 0), (0, 0), (0, more)))
    return x
