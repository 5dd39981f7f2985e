"""A network as plain layers: what the ONNX importer writes and the fusion reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass
class Layer:
    """One operation on (time, channels) tensors; which fields count depends on ``kind``."""

    kind: str  # conv, affine, relu, maxpool, pad_channels, add, softmax
    node: str
    inputs: list[str]
    output: str
    kernel: Array | None = None  # conv: (taps, in, out)
    stride: int = 1  # conv, maxpool
    pad: int = 0  # conv: rows of zeros before the first
    scale: Array | None = None  # affine
    shift: Array | None = None  # affine


@dataclass
class Graph:
    """The layers in the order in which they run."""

    layers: list[Layer]
    input: str
    classes: int


class UnsupportedModelError(ValueError):
    """The model is not of the network family; the message names the operator and the node."""
