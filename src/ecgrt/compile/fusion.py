"""Fuses a network's layers into convolutions with everything that follows them folded in."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from .graph import (
    Add,
    Affine,
    Array,
    Conv,
    Graph,
    Layer,
    MaxPool,
    PadChannels,
    Relu,
    Slice,
    Softmax,
    UnsupportedModelError,
)

Kind = TypeVar("Kind", bound=Layer)


@dataclass
class Tensor:
    """A stored tensor of (time, channels).

    ``rate`` is in input samples per row. Row ``t`` depends on the input samples from
    ``t * rate - before`` to ``t * rate + after``.
    """

    channels: int
    rate: int
    before: int
    after: int


@dataclass
class FusedConv:
    """A convolution and what follows it.

    ``raw = conv(input) + bias [+ maxpool(residual)]``, ``activated = relu(raw [* scale + shift])``.
    Tensors are indices; -1 stands for one that is not there. ``kernel`` is (taps, in, out).
    """

    name: str
    input: int
    kernel: Array
    bias: Array
    stride: int
    pad: int
    residual: int = -1
    pool: int = 1
    raw: int = -1
    activated: int = -1
    scale: Array | None = None
    shift: Array | None = None


@dataclass
class FusedNetwork:
    """Fused convolutions in order; ``logits`` is the tensor that the final softmax reads."""

    tensors: list[Tensor]
    convolutions: list[FusedConv]
    logits: int
    classes: int
    evidence: int = 0  # channels of the logits behind the classes

    @property
    def samples_per_segment(self) -> int:
        return self.tensors[self.logits].rate

    @property
    def context_segments(self) -> int:
        """Segments on either side of a segment that its output depends on."""
        tensor, size = self.tensors[self.logits], self.samples_per_segment
        after = max(tensor.after - (size - 1), 0)
        return max(math.ceil(tensor.before / size), math.ceil(after / size))


def fuse(graph: Graph) -> FusedNetwork:
    """Return ``graph`` as fused convolutions.

    Raises
    ------
    UnsupportedModelError
        Where a layer stands in a place that the family does not have; names its node.
    """
    return _Fuser(graph).run()


@dataclass
class _Fuser:
    graph: Graph
    users: dict[str, list[Layer]] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    stored: dict[str, int] = field(default_factory=dict)  # layer output -> tensor
    shortcuts: dict[str, tuple[str, int]] = field(default_factory=dict)  # -> its source, pool
    done: set[int] = field(default_factory=set)

    def run(self) -> FusedNetwork:
        for layer in self.graph.layers:
            for name in layer.inputs:
                self.users.setdefault(name, []).append(layer)
            if isinstance(layer, MaxPool | PadChannels):
                self._shortcut(layer)
        self._store(self.graph.input, Tensor(1, 1, 0, 0))
        convolutions = [self._fuse(layer) for layer in self.graph.layers if isinstance(layer, Conv)]
        softmax = next(layer for layer in self.graph.layers if isinstance(layer, Softmax))
        slices = [layer for layer in self.graph.layers if isinstance(layer, Slice)]
        self.done.update(map(id, [softmax, *slices]))
        left = [layer for layer in self.graph.layers if id(layer) not in self.done]
        if left:
            raise _misplaced(left[0])
        (source,) = slices[0].inputs if slices else softmax.inputs
        if source not in self.stored or any(layer.inputs != (source,) for layer in slices):
            raise _misplaced(slices[0] if slices else softmax)
        logits = self.stored[source]
        width = self.graph.classes + self.graph.evidence
        if self.tensors[logits].channels != width:
            raise _misplaced(softmax)
        if not convolutions or logits not in (convolutions[-1].raw, convolutions[-1].activated):
            raise _misplaced(softmax)  # the engine answers with what the last convolution writes
        return FusedNetwork(
            self.tensors, convolutions, logits, self.graph.classes, self.graph.evidence
        )

    def _store(self, name: str, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        self.stored[name] = len(self.tensors) - 1
        return self.stored[name]

    def _shortcut(self, layer: MaxPool | PadChannels) -> None:
        source, pool = self.shortcuts.get(layer.inputs[0], (layer.inputs[0], 1))
        stride = layer.stride if isinstance(layer, MaxPool) else 1
        self.shortcuts[layer.output] = (source, pool * stride)
        self.done.add(id(layer))

    def _sole_user(self, name: str, kind: type[Kind]) -> Kind | None:
        users = self.users.get(name, [])
        if len(users) == 1 and isinstance(users[0], kind):
            self.done.add(id(users[0]))
            return users[0]
        return None

    def _fuse(self, layer: Conv) -> FusedConv:
        self.done.add(id(layer))
        if layer.inputs[0] not in self.stored:
            raise _misplaced(layer)
        source = self.stored[layer.inputs[0]]
        bias = np.zeros(layer.kernel.shape[2])
        conv = FusedConv(layer.node, source, layer.kernel, bias, layer.stride, layer.pad)
        value = self._fold_affine(conv, layer.output)
        if add := self._sole_user(value, Add):
            self._attach_residual(conv, add, value)
            value = add.output
        self._attach_outputs(conv, value, self._extent(conv))
        return conv

    def _fold_affine(self, conv: FusedConv, value: str) -> str:
        while affine := self._sole_user(value, Affine):
            scale, shift = affine.scale, affine.shift
            conv.kernel, conv.bias = conv.kernel * scale, conv.bias * scale + shift
            value = affine.output
        return value

    def _attach_residual(self, conv: FusedConv, add: Layer, value: str) -> None:
        other = next((i for i in add.inputs if i != value), value)
        source, conv.pool = self.shortcuts.get(other, (other, 1))
        if source not in self.stored or source == self.graph.input:
            raise _misplaced(add)
        conv.residual = self.stored[source]
        shortcut = self.tensors[conv.residual]
        if shortcut.rate * conv.pool != self.tensors[conv.input].rate * conv.stride:
            raise _misplaced(add)

    def _extent(self, conv: FusedConv) -> Tensor:
        source = self.tensors[conv.input]
        before = source.before + conv.pad * source.rate
        after = source.after + (len(conv.kernel) - 1 - conv.pad) * source.rate
        if conv.residual >= 0:
            shortcut = self.tensors[conv.residual]
            before = max(before, shortcut.before)
            after = max(after, shortcut.after + (conv.pool - 1) * shortcut.rate)
        return Tensor(conv.kernel.shape[2], source.rate * conv.stride, before, after)

    def _attach_outputs(self, conv: FusedConv, value: str, tensor: Tensor) -> None:
        """Finds the activation behind ``value`` and stores what later layers read."""
        raw = value
        activation: str | None = None
        for user in self.users.get(value, []):
            if not isinstance(user, Affine | Relu):
                continue
            if activation is not None:
                raise _misplaced(user)
            self.done.add(id(user))
            if isinstance(user, Affine):
                activation = self._activate_scaled(conv, user)
            else:
                activation = user.output
        if activation is not None:
            conv.activated = self._store(activation, tensor)
        if activation is None or len(self.users[value]) > 1:
            conv.raw = self._store(raw, tensor)

    def _activate_scaled(self, conv: FusedConv, affine: Affine) -> str:
        scale, shift = affine.scale, affine.shift
        value = affine.output
        while further := self._sole_user(value, Affine):
            scale, shift = scale * further.scale, shift * further.scale + further.shift
            value = further.output
        relu = self._sole_user(value, Relu)
        if relu is None:
            raise _misplaced(affine)
        conv.scale, conv.shift = scale, shift
        return relu.output


def _misplaced(layer: Layer) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"{layer.operator} in node {layer.node!r} stands where networks of this family have none; "
        "the CPU engine takes the residual and plain convolutional networks of ecgrt-train"
    )
