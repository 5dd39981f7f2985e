"""The network as it is trained: its outputs before the softmax, its optimizer, its batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .config import TrainConfig
from .examples import Example, collate

#: Each parameter's gradient, with AdamW that of all together, is scaled down to at most this norm.
CLIP_NORM = 1.0
#: Parameters that weight decay leaves alone.
NOT_DECAYED = ("bias", "gamma", "beta")


def make_trainee(keras: Any, network: Any, num_classes: int) -> Any:
    """Return the Keras model whose logits the loss judges; its weights are the network's.

    Without a record head its output is that of ``head.dense``, else ``{"segments": logits
    (N, S, C), "record": logits (N, C)}``.
    """
    outputs = network.get_layer("head.dense").output
    if not isinstance(network.output, dict):
        return keras.Model(network.inputs, outputs)
    segments = keras.ops.cast(outputs, "float32")[..., :num_classes]
    return keras.Model(network.inputs, {"segments": segments, "record": network.output["record"]})


def make_optimizer(keras: Any, config: TrainConfig) -> Any:
    """Return the optimizer of a recipe."""
    average = {"use_ema": True, "ema_momentum": config.averaging} if config.averaging else {}
    if config.optimizer == "adam":
        return keras.optimizers.Adam(config.learning_rate, clipnorm=CLIP_NORM, **average)
    optimizer = keras.optimizers.AdamW(
        config.learning_rate,
        weight_decay=config.weight_decay,
        global_clipnorm=CLIP_NORM,
        **average,
    )
    optimizer.exclude_from_weight_decay(var_names=list(NOT_DECAYED))
    return optimizer


def with_records(examples: Sequence[Example], classes: int, share: float) -> tuple[Any, Any, Any]:
    """Return a batch for a network with a record head: inputs, targets, weights.

    A record's segments share its label, but for a few that were labelled one by one: the record's
    is that of its first segment. Targets are shares of the classes, of which `share` is the
    teacher's where a record has one.
    """
    signals, numbers, weights = collate(examples)
    segments = np.eye(classes, dtype=np.float32)[numbers]
    for row, example in enumerate(examples):
        if example.taught is not None:
            segments[row] += share * (example.taught - segments[row])
    return (
        (signals, weights),
        {"segments": segments, "record": segments[:, 0]},
        {"segments": weights, "record": np.ones(len(segments), np.float32)},
    )


def records_signature(tf: Any) -> Any:
    """Return the TensorFlow signature of :func:`with_records`."""
    segments = tf.TensorSpec((None, None), tf.float32)
    return (
        (tf.TensorSpec((None, None, 1), tf.float32), segments),
        {
            "segments": tf.TensorSpec((None, None, None), tf.float32),
            "record": tf.TensorSpec((None, None), tf.float32),
        },
        {"segments": segments, "record": tf.TensorSpec((None,), tf.float32)},
    )
