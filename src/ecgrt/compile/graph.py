"""A network as plain layers: what the ONNX importer writes and the fusion reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class Layer:
    """One operation on (time, channels) tensors, known by the names of what it reads and writes."""

    node: str  # ONNX's node and operator, for messages
    operator: str
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Conv(Layer):
    """A convolution over time; ``pad`` rows of zeros stand before the first."""

    kernel: Array  # (taps, in, out)
    stride: int = 1
    pad: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Affine(Layer):
    """``x * scale + shift``, a number of each per channel."""

    scale: Array
    shift: Array


@dataclass(frozen=True, eq=False, kw_only=True)
class Relu(Layer):
    """``max(x, 0)``."""


@dataclass(frozen=True, eq=False, kw_only=True)
class MaxPool(Layer):
    """The maxima of windows of ``stride`` rows that do not overlap."""

    stride: int


@dataclass(frozen=True, eq=False, kw_only=True)
class PadChannels(Layer):
    """Channels of zeros behind the last."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Add(Layer):
    """The sum of two tensors of one shape."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Softmax(Layer):
    """Over the channels."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Slice(Layer):
    """Channels ``first`` to ``end``."""

    first: int
    end: int


@dataclass(frozen=True)
class Graph:
    """The layers in the order in which they run.

    Attributes
    ----------
    layers
        Among them one Softmax, whose output is the classes' probabilities.
    input
        Name of the signal.
    classes
        Channels of the Softmax.
    evidence
        Channels behind the classes' that the network answers as they are; 0 for none.
    """

    layers: list[Layer]
    input: str
    classes: int
    evidence: int = 0


class UnsupportedModelError(ValueError):
    """The model is not of the network family; the message names the operator and the node."""
