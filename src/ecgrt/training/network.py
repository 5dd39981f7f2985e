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
        output ``probabilities`` (N, T // samples_per_segment, num_classes), softmax. The layers
        are named by their place: ``stem.conv``, ``block3.bn1``, ``head.dense``.

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
    x = keras.layers.Dense(num_classes, name="head.dense")(x)
    probabilities = keras.layers.Softmax(name="probabilities")(x)
    return keras.Model(signal, probabilities, name="ecgrt")


class _Builder:
    """Adds parts of the network to a Keras tensor (N, T, C)."""

    def __init__(self, keras: Any, config: NetworkConfig, conv: Any) -> None:
        self._keras = keras
        self._conv_layer = conv
        self._config = config

    def plain(self, x: Any) -> Any:
        for index, stride in enumerate(self._config.conv_subsample_lengths):
            x = self._conv(x, self._config.filters(index), stride, f"layer{index}.conv")
            x = self._bn_relu(x, f"layer{index}.bn")
        return x

    def residual(self, x: Any) -> Any:
        x = self._conv(x, self._config.conv_num_filters_start, 1, "stem.conv")
        x = self._bn_relu(x, "stem.bn")
        for index in range(len(self._config.conv_subsample_lengths)):
            x = self._block(x, index)
        return self._bn_relu(x, "head.bn")

    def _block(self, x: Any, index: int) -> Any:
        """Add pre-activated convolutions, the first of them strided, beside a shortcut."""
        layers, place = self._keras.layers, f"block{index}"
        stride = self._config.conv_subsample_lengths[index]
        filters = self._config.filters(index)
        dropout = self._config.conv_dropout
        shortcut = self._shortcut(x, stride, filters, place)
        for number in range(1, self._config.conv_num_skip + 1):
            if index > 0 or number > 1:  # the stem has activated what enters the first block
                x = self._bn_relu(x, f"{place}.bn{number}")
            if number > 1 and dropout > 0:
                x = layers.Dropout(dropout, name=f"{place}.dropout{number}")(x)
            x = self._conv(x, filters, stride if number == 1 else 1, f"{place}.conv{number}")
        return layers.Add(name=f"{place}.add")([shortcut, x])

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

    def _conv(self, x: Any, filters: int, stride: int, name: str) -> Any:
        return self._conv_layer(
            filters,
            self._config.conv_filter_length,
            strides=stride,
            padding="same",
            kernel_initializer=self._config.conv_init,
            name=name,
        )(x)

    def _bn_relu(self, x: Any, name: str) -> Any:
        layers = self._keras.layers
        x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=name)(x)
        return layers.Activation(self._config.conv_activation, name=f"{name}.relu")(x)
