"""The network family: a residual convolutional network with one softmax per segment.

The reference configuration is the network of Hannun et al. 2019 (doi 10.1038/s41591-018-0268-3)
as its authors set it for the PhysioNet/CinC 2017 challenge.
"""

from __future__ import annotations

from typing import Any

from .._extras import require_keras
from .config import NetworkConfig

#: Keras' own default, written out because trained weights depend on it.
BATCH_NORM_EPSILON = 1e-3
#: The dense layer from pooled evidence to a record's logits.
RECORD_LAYER = "record.dense"
#: Added to the variance of evidence, a thousandth of a standard deviation.
SMALLEST_VARIANCE = 1e-6
#: Taken from evidence that must not be the maximum.
UNREADABLE = 1e4


def build_network(config: NetworkConfig, num_classes: int = 4, conv: Any = None) -> Any:
    """Build the network that a configuration describes, with fresh weights.

    Parameters
    ----------
    config
        Any valid configuration of the family.
    num_classes
        Outputs per segment, at least 2.
    conv
        Layer class of the convolutions, ``keras.layers.Conv1D`` by default.

    Returns
    -------
    keras.Model
        Input ``signal`` (N, T, 1) float32, T a multiple of ``config.samples_per_segment``;
        output ``probabilities`` (N, T // samples_per_segment, num_classes), softmax. With a
        record head also an input ``readable`` (N, T // samples_per_segment), 1 for the segments
        that count and 0 for others, and outputs ``evidence`` (N, T // samples_per_segment,
        config.evidence) and ``record`` (N, num_classes), the logits of the records' answers.
        The layers are named by their place: ``stem.conv``, ``block3.bn1``, ``head.dense``.

    Raises
    ------
    ValueError
        If there are fewer than two classes.
    ModuleNotFoundError
        If TensorFlow is missing.
    """
    if num_classes < 2:
        raise ValueError(f"num_classes must be at least 2, not {num_classes}")
    keras = require_keras()
    builder = _Builder(keras, config, conv or keras.layers.Conv1D)
    signal = keras.Input((None, 1), name="signal")
    x = builder.plain(signal) if config.is_regular_conv else builder.residual(signal)
    x = builder.dropout(x, config.head_dropout, "head.dropout", whole_channels=True)
    outputs = keras.layers.Dense(num_classes + config.evidence, name="head.dense")(x)
    softmax = keras.layers.Softmax(name="probabilities")
    if not config.evidence:
        return keras.Model(signal, softmax(outputs), name="ecgrt")
    # In float32, whatever the convolutions compute in: a record is a sum of many segments.
    outputs = keras.ops.cast(outputs, "float32")
    logits, evidence = outputs[..., :num_classes], outputs[..., num_classes:]
    readable = keras.Input((None,), name="readable")
    head = keras.layers.Dense(num_classes, name=RECORD_LAYER, dtype="float32")
    answers = {
        "probabilities": softmax(logits),
        "evidence": evidence,
        "record": head(pool_evidence(keras.ops, evidence, readable)),
    }
    return keras.Model([signal, readable], answers, name="ecgrt")


def pool_evidence(ops: Any, evidence: Any, readable: Any) -> Any:
    """Return what the record head sees of evidence: its mean, spread and maximum over time.

    Parameters
    ----------
    ops
        ``keras.ops``.
    evidence
        Tensor (N, S, E).
    readable
        Tensor (N, S), 1 for the segments that count, at least one of each record, else 0.

    Returns
    -------
    tensor
        (N, 3 E): means, population standard deviations, maxima.
    """
    weights = ops.expand_dims(readable, -1)
    counts = ops.maximum(ops.sum(weights, axis=1), 1.0)
    mean = ops.sum(weights * evidence, axis=1) / counts
    squares = ops.square(evidence - ops.expand_dims(mean, 1))
    # Without the addend the gradient of the root is infinite where all segments are alike.
    spread = ops.sqrt(ops.sum(weights * squares, axis=1) / counts + SMALLEST_VARIANCE)
    largest = ops.max(evidence - (1.0 - weights) * UNREADABLE, axis=1)
    return ops.concatenate([mean, spread, largest], axis=-1)


class _Builder:
    """Adds parts of the network to a Keras tensor (N, T, C)."""

    def __init__(self, keras: Any, config: NetworkConfig, conv: Any) -> None:
        self._keras = keras
        self._conv_layer = conv
        self._config = config

    def plain(self, x: Any) -> Any:
        for index, stride in enumerate(self._config.conv_subsample_lengths):
            taps = self._config.filter_length(index)
            x = self._conv(x, self._config.filters(index), taps, stride, f"layer{index}.conv")
            x = self._bn_relu(x, f"layer{index}.bn")
        return x

    def residual(self, x: Any) -> Any:
        config = self._config
        taps, stride = config.conv_filter_length, config.stem_stride
        x = self._conv(x, config.conv_num_filters_start, taps, stride, "stem.conv")
        x = self._bn_relu(x, "stem.bn")
        after = config.conv_normalization == "after"
        for index in range(len(config.conv_subsample_lengths)):
            x = self._block_after(x, index) if after else self._block(x, index)
        return x if after else self._bn_relu(x, "head.bn")

    def _block(self, x: Any, index: int) -> Any:
        """Add pre-activated convolutions, the first of them strided, beside a shortcut."""
        layers, place = self._keras.layers, f"block{index}"
        stride = self._config.conv_subsample_lengths[index]
        filters = self._config.filters(index)
        taps, dropout = self._config.filter_length(index), self._config.conv_dropout
        shortcut = self._shortcut(x, stride, filters, place)
        for number in range(1, self._config.conv_num_skip + 1):
            if index > 0 or number > 1:  # the stem has activated what enters the first block
                x = self._bn_relu(x, f"{place}.bn{number}")
            if number > 1:
                x = self.dropout(x, dropout, f"{place}.dropout{number}")
            first = stride if number == 1 else 1
            x = self._conv(x, filters, taps, first, f"{place}.conv{number}")
        return layers.Add(name=f"{place}.add")([shortcut, x])

    def _block_after(self, x: Any, index: int) -> Any:
        """Add convolutions, each normalised, beside a shortcut; the sum is activated."""
        layers, place, config = self._keras.layers, f"block{index}", self._config
        stride, filters = config.conv_subsample_lengths[index], config.filters(index)
        shortcut = self._shortcut(x, stride, filters, place)
        for number in range(1, config.conv_num_skip + 1):
            if number > 1:
                x = layers.Activation(config.conv_activation, name=f"{place}.bn{number - 1}.relu")(
                    x
                )
                x = self.dropout(x, config.conv_dropout, f"{place}.dropout{number}")
            first, taps = stride if number == 1 else 1, config.filter_length(index)
            x = self._conv(x, filters, taps, first, f"{place}.conv{number}")
            x = self._bn(x, f"{place}.bn{number}")
        x = layers.Add(name=f"{place}.add")([shortcut, x])
        return layers.Activation(config.conv_activation, name=f"{place}.relu")(x)

    def dropout(self, x: Any, share: float, name: str, whole_channels: bool = False) -> Any:
        """Drop a share of the values, or of whole channels where the configuration says so."""
        layers = self._keras.layers
        whole = whole_channels or self._config.conv_spatial_dropout
        kind = layers.SpatialDropout1D if whole else layers.Dropout
        return kind(share, name=name)(x) if share > 0 else x

    def _shortcut(self, x: Any, stride: int, filters: int, place: str) -> Any:
        """Max-pool by the stride; zeros for the channels that the block adds."""
        missing = filters - x.shape[-1]
        if stride > 1:
            pool = self._keras.layers.MaxPooling1D(stride, padding="same", name=f"{place}.pool")
            x = pool(x)
        if missing:
            # An operation, not a Lambda layer, so that checkpoints load in Keras' safe mode.
            x = self._keras.ops.pad(x, ((0, 0), (0, 0), (0, missing)))
        return x

    def _conv(self, x: Any, filters: int, taps: int, stride: int, name: str) -> Any:
        return self._conv_layer(
            filters,
            taps,
            strides=stride,
            padding="same",
            kernel_initializer=self._config.conv_init,
            name=name,
        )(x)

    def _bn(self, x: Any, name: str) -> Any:
        momentum = self._config.conv_normalization_momentum
        return self._keras.layers.BatchNormalization(
            momentum=momentum, epsilon=BATCH_NORM_EPSILON, name=name
        )(x)

    def _bn_relu(self, x: Any, name: str) -> Any:
        x = self._bn(x, name)
        return self._keras.layers.Activation(self._config.conv_activation, name=f"{name}.relu")(x)
