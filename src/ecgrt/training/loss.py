"""What training minimises."""

from __future__ import annotations

from typing import Any

from .._extras import require, require_keras
from .config import TrainConfig


def make_loss(config: TrainConfig) -> Any:
    """Return the loss of a batch of logits, a ``keras.losses.Loss``.

    With a record head it is one for each of the outputs ``"segments"`` and ``"record"``, each
    with its share, whose targets are shares of the classes, (N, S, C) and (N, C). Else it maps
    targets (N, S) int32, logits (N, S, C) and weights (N, S), 0 for padding and 1 otherwise, to a
    scalar: the cross-entropy of the segments, averaged over those of weight 1, and that of the
    records' mean logits, averaged over the records, each with its share. Mean logits are what a
    product of the segments' opinions comes to.
    """
    keras = require_keras()
    tf = require("tensorflow", extra="train")

    def cross_entropy(targets: Any, logits: Any) -> Any:
        classes = logits.shape[-1]
        spread = config.label_smoothing / classes
        if config.evidence:  # shares of the classes already
            goal = (1 - config.label_smoothing) * tf.cast(targets, tf.float32) + spread
        else:
            goal = tf.one_hot(targets, classes, 1 - config.label_smoothing + spread, spread)
        return tf.nn.softmax_cross_entropy_with_logits(goal, logits)

    class SegmentAndRecordLoss(keras.losses.Loss):  # type: ignore[misc, name-defined]
        def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            targets = y_true if config.evidence else tf.cast(y_true, tf.int32)
            y_pred = tf.cast(y_pred, tf.float32)
            weights = tf.cast(sample_weight, tf.float32)
            loss = tf.reduce_sum(weights * cross_entropy(targets, y_pred)) / tf.reduce_sum(weights)
            # The gradients of the copies of the network are added up.
            copies = tf.distribute.get_strategy().num_replicas_in_sync
            if config.evidence:
                return (1 - config.record_loss) * loss / copies
            if not config.record_loss:
                return loss / copies
            counts = tf.reduce_sum(weights, 1, keepdims=True)
            mean = tf.reduce_sum(weights[..., tf.newaxis] * y_pred, 1) / counts
            # A record's segments share its label, but for a few that were labelled one by one.
            record = tf.reduce_mean(cross_entropy(targets[:, 0], mean))
            return ((1 - config.record_loss) * loss + config.record_loss * record) / copies

    class RecordHeadLoss(keras.losses.Loss):  # type: ignore[misc, name-defined]
        def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            loss = cross_entropy(y_true, tf.cast(y_pred, tf.float32))
            copies = tf.distribute.get_strategy().num_replicas_in_sync
            return config.record_loss * tf.reduce_mean(loss) / copies

    if not config.evidence:
        return SegmentAndRecordLoss()
    return {"segments": SegmentAndRecordLoss(), "record": RecordHeadLoss()}
